"""The control room's verbs about people and tokens; each writes down who, whom, from what to what, and why."""

import secrets

from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.model.rights import PEOPLE, changes, may
from scada.store.db import StoreError
from scada.store.operators import Operators
from scada.store.people.tokens import LONGEST_DAYS, Tokens

OF_ALL = "make_any_token"


class PeopleDesk:
    """The verbs about people; the desk checks the rights, and nobody changes himself."""

    def __init__(self, operators: Operators, tokens: Tokens) -> None:
        self._operators = operators
        self._tokens = tokens

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            PEOPLE: self._people,
            "person_log": self._log,
            "add_person": self._add,
            "change_role": self._change_role,
            "lock_person": self._lock,
            "reset_person": self._reset,
            "kick": self._kick,
            "confirm_password": self._confirm,
            "tokens": self._list_tokens,
            "make_token": self._make_token,
            "revoke_token": self._revoke_token,
        }

    async def _people(self, ask: Ask) -> object:
        return as_json(await self._operators.people())

    async def _log(self, ask: Ask) -> object:
        return as_json(await self._operators.log_of(text_of(ask, "name")))

    async def _add(self, ask: Ask) -> object:
        password = one_time_password()
        try:
            await self._operators.add(
                text_of(ask, "name"), text_of(ask, "role"), password, True, ask.user, text_of(ask, "reason")
            )
        except StoreError as error:
            raise BridgeRefusal("refused", str(error)) from error
        return {"name": text_of(ask, "name"), "password": password}

    async def _change_role(self, ask: Ask) -> object:
        name, role = self._other(ask), text_of(ask, "role")
        try:
            await self._operators.change_role(name, role, ask.user, text_of(ask, "reason"))
        except StoreError as error:
            raise BridgeRefusal("refused", str(error)) from error
        return {"name": name, "role": role}

    async def _lock(self, ask: Ask) -> object:
        name, is_locked = self._other(ask), ask.args.get("locked") is True
        try:
            await self._operators.lock(name, is_locked, ask.user, text_of(ask, "reason"))
        except StoreError as error:
            raise BridgeRefusal("refused", str(error)) from error
        return {"name": name, "locked": is_locked}

    async def _reset(self, ask: Ask) -> object:
        name, password = self._other(ask), one_time_password()
        try:
            await self._operators.reset_password(name, password, ask.user, text_of(ask, "reason"))
        except StoreError as error:
            raise BridgeRefusal("refused", str(error)) from error
        return {"name": name, "password": password}

    async def _kick(self, ask: Ask) -> object:
        """Write down that a person's screens are signed out; the web process, which knows them, does it."""
        name = text_of(ask, "name")
        await self._operators.note(ask.user, "kicked", {"name": name, "reason": text_of(ask, "reason")})
        return {"name": name}

    async def _confirm(self, ask: Ask) -> object:
        if not await self._operators.own_password(ask.user, text_of(ask, "password")):
            raise BridgeRefusal("refused", "the password is wrong")
        return {"confirmed": True}

    async def _list_tokens(self, ask: Ask) -> object:
        role = await self._operators.role_of(ask.user)
        return as_json(await self._tokens.list(None if may(role, PEOPLE) else ask.user))

    async def _make_token(self, ask: Ask) -> object:
        owner, rights = str(ask.args.get("owner") or ask.user), ask.args.get("rights")
        if owner != ask.user and not may(await self._operators.role_of(ask.user), OF_ALL):
            raise BridgeRefusal("forbidden", f"{ask.user} may make tokens for the own name only")
        if not isinstance(rights, list) or not all(isinstance(one, str) for one in rights):
            raise BridgeRefusal("bad_args", "rights must be a list of names")
        if owner != ask.user and any(changes(one) for one in rights):
            raise BridgeRefusal("forbidden", "a token in another's name only reads: nobody acts in another's name")
        days = whole_number(ask, "days", 1, LONGEST_DAYS)
        try:
            secret = await self._tokens.make(owner, text_of(ask, "label")[:64], rights, days, ask.user)
        except StoreError as error:
            raise BridgeRefusal("refused", str(error)) from error
        return {"owner": owner, "token": secret}

    async def _revoke_token(self, ask: Ask) -> object:
        anybodys = may(await self._operators.role_of(ask.user), OF_ALL)
        try:
            await self._tokens.revoke(text_of(ask, "token"), ask.user, None if anybodys else ask.user)
        except StoreError as error:
            raise BridgeRefusal("gone", str(error)) from error
        return {"revoked": True}

    def _other(self, ask: Ask) -> str:
        """Take the name of another person. Raises BridgeRefusal: nobody changes what he may himself."""
        name = text_of(ask, "name")
        if name.casefold() == ask.user.casefold():
            raise BridgeRefusal("forbidden", "nobody changes his own account; ask another administrator")
        return name


def one_time_password() -> str:
    """Make a password that is shown once and must be changed."""
    return "-".join(secrets.token_hex(2) for _ in range(4))

"""The verb by which somebody signs in whom an identity provider vouches for."""

import asyncio
from dataclasses import asdict
from typing import Protocol

from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.store.operators import Operators, SignInRefused

VERB = "sign_in_oidc"
LONGEST_TOKEN = 16_384


class Vouched(Protocol):
    """Whom a provider vouches for."""

    @property
    def subject(self) -> str:
        """Who it is, whatever the name."""

    @property
    def name(self) -> str:
        """The person's name here."""

    @property
    def role(self) -> str:
        """The role that the groups give."""


class Voucher(Protocol):
    """Says whom a token is of; blocks. Raises ValueError with words if it proves nothing, or nobody answers."""

    def __call__(self, token: str, nonce: str) -> Vouched:
        """Check a token."""


class OutsideDoor:
    """Signs in by a provider's word; the plant checks it itself, and gives the role."""

    def __init__(self, operators: Operators, believed: Voucher) -> None:
        self._operators = operators
        self._believed = believed

    def verbs(self) -> dict[str, Handler]:
        """Give the verb; it asks for no right, since it finds out who it is."""
        return {VERB: self._sign_in}

    async def _sign_in(self, ask: Ask) -> object:
        token = ask.args.get("id_token")
        if not isinstance(token, str) or not 1 <= len(token) <= LONGEST_TOKEN:
            raise BridgeRefusal("bad_args", "id_token is missing")
        try:
            found = await asyncio.to_thread(self._believed, token, text_of(ask, "nonce"))
        except ValueError as error:
            raise BridgeRefusal("refused", str(error)) from error
        address = str(ask.args.get("address", ""))
        verdict = await self._operators.from_outside(found.subject, found.name, found.role, "oidc", address)
        if isinstance(verdict, SignInRefused):
            raise BridgeRefusal("refused", verdict.why)
        return asdict(verdict)

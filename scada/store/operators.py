"""Who may sign in to the control room (`hmi.md` §8); what each role may do stands in `scada.model.rights`.

Passwords are argon2id hashes, reckoned in a thread. Guessing is slowed by a lock-out for each name
and each address. Nothing here is ever made with a password that somebody else knows.
"""

import asyncio
import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, func, select, update

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.rights import CHANGE, READ_SERVED, VOUCH, Role, may
from scada.ports import JournalEntry
from scada.store.db import Database, StoreError
from scada.store.journal import JournalRow, write_entries
from scada.store.lockout import Lockout
from scada.store.people.accounts import account_log, accounts
from scada.store.people.elsewhere import AWAY, ORIGIN, Directory, DirectoryError, NotAdmitted
from scada.store.people.entries import changed, entered, is_name, is_taken
from scada.store.people.outsiders import NotLetIn, Outside, enter
from scada.store.people.tokens import Tokens
from scada.store.schema import operator

T = TypeVar("T")
log = structlog.get_logger()

MEMORY_KIB, PASSES, LANES = 65536, 3, 4
HASHING = 2
"""Hashes reckoned at the same time, each with its own 64 MiB."""
WAITING = 16
"""Sign-ins that may wait for a hash; more are told to come again."""
SHORTEST, LONGEST = 10, 256
FIRST_NAME = "admin"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The name and password were right."""

    name: str
    role: str
    must_change: bool


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """They were not, or there were too many tries."""

    why: str


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The new password holds from now on."""


@dataclass(frozen=True, slots=True)
class PasswordRefused:
    """The old password still holds, and why."""

    why: str


_WRONG = "the name or the password is wrong"
ASKING: Final = 4
"""Questions to the directory at the same time, each in a thread."""
ASKING_S: Final = 5.0


class Operators:
    """The people of one site."""

    def __init__(self, db: Database, site: SiteId, clock: Clock, directory: Directory | None = None) -> None:
        """`directory`: where those are tried who have no password here; nobody by name of an account here is."""
        self._directory = directory
        self._asking = asyncio.Semaphore(ASKING)
        self._db = db
        self._site = site
        self._clock = clock
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._nobody = _unmatchable_hash()
        self._hashing = asyncio.Semaphore(HASHING)
        self._waiting = 0
        self._lockout = Lockout(clock)
        self.tokens = Tokens(db, site, clock)

    async def first_start(self, name: str = FIRST_NAME) -> str | None:
        """Make the first administrator if there is nobody yet; give the password, to be shown this once."""
        if await self._db.read(_count):
            return None
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        await self.add(name, Role.ADMINISTRATOR.value, password, must_change=True)
        return password

    async def add(self, name: str, role: str, password: str, must_change: bool, by: str = "", reason: str = "") -> None:
        """Add a person, or a system, which cannot change its password. `by`: who did it, if it was not the console.

        Raises StoreError if the name is taken or unusable, the role unknown, the password weak.
        """
        weak = weakness(name, password)
        if weak is not None or not is_name(name):
            raise StoreError(f"add operator {name[:64]!r}: {weak or 'a name has 1 to 64 signs, and no / among them'}")
        try:
            checked = Role(role)
        except ValueError as error:
            raise StoreError(f"add operator {name!r}: no role {role!r}") from error
        password_hash = await self._reckon(lambda: self._hasher.hash(password))
        for_once = must_change and checked is not Role.SYSTEM
        await self._db.write(
            lambda connection: self._insert(connection, name, checked, password_hash, for_once, by, reason)
        )

    async def sign_in(self, name: str, password: str, address: str = "") -> SignedIn | SignInRefused:
        """Check a name and a password. Each try counts against the name and the address until one is right."""
        return await self._enter(name, password, address, CHANGE)

    async def let_in(self, name: str, password: str, address: str) -> SignedIn | SignInRefused:
        """Check another system that wants to read the served tags; people's own passwords are of no use there."""
        return await self._enter(name, password, address, READ_SERVED)

    async def _enter(self, name: str, password: str, address: str, verb: str) -> SignedIn | SignInRefused:
        """Check a name, a password, and that the role may ask for what this door is there for."""
        verdict = await self._check(name, password, address, elsewhere=verb == CHANGE)
        if isinstance(verdict, SignInRefused):
            return verdict
        if not may(verdict.role, verb):
            await self._tell(name, "sign_in_refused", address)
            return SignInRefused(f"a {verdict.role} has no right here")
        await self._tell(verdict.name, "signed_in", address)
        return verdict

    async def vouch(self, name: str, password: str, first: str, right: str = VOUCH) -> SignedIn | SignInRefused:
        """Check the second person, who signs in beside the first: another one, whose own right it is.

        A wrong try counts against the first person too.
        """
        if name.casefold() == first.casefold():
            return SignInRefused("the second person must be another one")
        verdict = await self._check(name, password, f"beside {first}")
        if isinstance(verdict, SignedIn) and verdict.name == first:
            return SignInRefused("the second person must be another one")
        if isinstance(verdict, SignedIn) and (verdict.must_change or not may(verdict.role, right)):
            return SignInRefused("this person may not vouch for it")
        return verdict

    async def may_now(self, name: str, verb: str) -> bool:
        """Say whether a person may ask for a verb by what the table says at this moment.

        A first password, known to somebody else, is good for nothing but being changed.
        """
        found = await self._db.read(lambda connection: _find(connection, name))
        if found is None or (found[0].must_change and verb != CHANGE):
            return False
        return may(found[0].role, verb)

    async def role_of(self, name: str) -> str:
        """Give a person's role as the table has it at this moment; empty for nobody."""
        found = await self._db.read(lambda connection: _find(connection, name))
        return "" if found is None else found[0].role

    async def change_password(
        self, name: str, old: str, new: str, address: str = ""
    ) -> PasswordChanged | PasswordRefused:
        """Replace a person's own password; who signs in elsewhere has none here."""
        if await self._db.read(lambda connection: _origin(connection, name)):
            return PasswordRefused("the person signs in elsewhere")
        verdict = await self._check(name, old, address)
        if isinstance(verdict, SignInRefused):
            return PasswordRefused(verdict.why)
        weak = "it is the old one" if new == old else weakness(name, new)
        if weak is not None:
            return PasswordRefused(weak)
        password_hash = await self._reckon(lambda: self._hasher.hash(new))
        await self._db.write(lambda connection: self._replace(connection, name, password_hash))
        return PasswordChanged()

    async def reset_password(self, name: str, password: str, by: str = "", reason: str = "") -> None:
        """Give a person a password for once, to be changed at the next sign-in. Raises StoreError."""
        weak = weakness(name, password)
        if weak is not None:
            raise StoreError(f"reset the password of {name[:64]!r}: {weak}")
        password_hash = await self._reckon(lambda: self._hasher.hash(password))
        await self._db.write(lambda connection: self._reset(connection, name, password_hash, by, reason))

    async def people(self) -> list[dict[str, object]]:
        """Give everybody, by name, with their last sign-in."""
        return await self._db.read(lambda connection: accounts(connection, self._site))

    async def log_of(self, name: str) -> list[JournalRow]:
        """Give a person's last sign-ins, and what was changed about the person, newest first."""
        return await self._db.read(lambda connection: account_log(connection, self._site, name))

    async def change_role(self, name: str, role: str, by: str, reason: str) -> None:
        """Give a person another role. Raises StoreError."""
        try:
            checked = Role(role)
        except ValueError as error:
            raise StoreError(f"change the role of {name[:64]!r}: no role {role!r}") from error
        await self._change(name, by, reason, "role_changed", {"role": checked.value})

    async def lock(self, name: str, is_locked: bool, by: str, reason: str) -> None:
        """Lock a person out, or let the person in again. Raises StoreError."""
        at = self._clock.now() if is_locked else None
        await self._change(name, by, reason, "locked" if is_locked else "unlocked", {"locked_at": at})

    async def note(self, by: str, what: str, body: dict[str, object]) -> None:
        """Write down what somebody did that changes no table."""
        entry, at = JournalEntry("person", by, what, body=body), self._clock.now()
        await self._db.write(lambda connection: write_entries(connection, self._site, at, [entry]))

    async def from_outside(
        self, subject: str, name: str, role: str, origin: str, address: str
    ) -> SignedIn | SignInRefused:
        """Let somebody in for whom a provider vouches, with its role; it takes over no account of ours."""
        return await self._admit(Outside(self._site, subject, name, role, origin, address))

    async def _admit(self, who: Outside) -> SignedIn | SignInRefused:
        """Keep an account for somebody of elsewhere, with the role that is given there."""
        at = self._clock.now()
        verdict = await self._db.write(lambda connection: enter(connection, who, self._nobody, at))
        return SignInRefused(verdict.why) if isinstance(verdict, NotLetIn) else SignedIn(verdict, who.role, False)

    async def own_password(self, name: str, password: str) -> bool:
        """Say whether a person who is signed in is still the one at the screen. Wrong tries count."""
        found = await self._check(name, password, "")
        return isinstance(found, SignedIn) and found.name == name

    async def _change(self, name: str, by: str, reason: str, what: str, to: dict[str, object]) -> None:
        def work(connection: Connection) -> None:
            row = connection.execute(select(operator).where(operator.c.name == name)).mappings().first()
            if row is None:
                raise StoreError(f"{what} {name[:64]!r}: there is nobody of that name")
            connection.execute(update(operator).where(operator.c.name == name).values(**to))
            before = {column: _plain(row[column]) for column in to}
            entry = changed(by, what, name, before, {column: _plain(value) for column, value in to.items()}, reason)
            write_entries(connection, self._site, self._clock.now(), [entry])

        await self._db.write(work)

    async def _check(
        self, name: str, password: str, address: str, *, elsewhere: bool = True
    ) -> SignedIn | SignInRefused:
        """Check a name and a password; `elsewhere`: the directory may be asked for a name that is nobody's here."""
        if self._waiting >= WAITING:
            return SignInRefused("too many sign-ins at once, try again in a moment")
        tries = (f"name {name[:64]}", *((f"address {address[:64]}",) if address else ()))
        wait_s = self._lockout.count(tries)
        if wait_s > 0:
            return SignInRefused(f"too many tries, wait {wait_s:.0f} s")
        self._waiting += 1
        try:
            known = await self._compare(name, password, address, elsewhere=elsewhere)
        finally:
            self._waiting -= 1
        if known is None:
            await self._tell(name, "sign_in_refused", address)
            return SignInRefused(_WRONG)
        if isinstance(known, SignedIn) or known.why == AWAY:
            self._lockout.forgive(tries)  # a directory that is away is nobody's guess
        return known

    async def _compare(
        self, name: str, password: str, address: str, *, elsewhere: bool
    ) -> SignedIn | SignInRefused | None:
        known = await self._db.read(lambda connection: _find(connection, name))
        password_hash = known[1] if known is not None else self._nobody
        right = await self._reckon(lambda: self._matches(password_hash, password[: LONGEST + 1]))
        if known is not None and right:
            return known[0]
        if self._directory is None or not elsewhere:
            return None
        origin = await self._db.read(lambda connection: _origin(connection, name))
        return await self._ask_directory(name, password, address) if origin in (None, ORIGIN) else None

    async def _ask_directory(self, name: str, password: str, address: str) -> SignedIn | SignInRefused | None:
        """Try somebody who has no password here. Whoever is right gets the role of today's groups."""
        assert self._directory is not None  # noqa: S101 - asked only where there is one
        enter = self._directory.enter
        try:
            async with asyncio.timeout(ASKING_S), self._asking:
                found = await asyncio.to_thread(enter, name, password)
        except NotAdmitted as error:
            await self._tell(name, "sign_in_refused", address)
            return SignInRefused(str(error))
        except (DirectoryError, TimeoutError) as error:
            log.warning("the directory does not answer", why=str(error) or "in time")
            return SignInRefused(AWAY)
        if found is None:
            return None
        who = Outside(self._site, found.subject, found.name, found.role, ORIGIN, address, signs_in=False)
        return await self._admit(who)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False

    async def _reckon(self, work: Callable[[], T]) -> T:
        async with self._hashing:
            return await asyncio.to_thread(work)

    async def _tell(self, name: str, what: str, address: str) -> None:
        at = self._clock.now()

        def work(connection: Connection) -> None:
            actor = name if _find(connection, name) is not None else "unknown"
            entry = entered(actor, what, address)
            if what == "signed_in":
                connection.execute(update(operator).where(operator.c.name == name).values(signed_in_at=at))
            write_entries(connection, self._site, at, [entry])

        await self._db.write(work)

    def _insert(
        self,
        connection: Connection,
        name: str,
        role: Role,
        password_hash: str,
        must_change: bool,
        by: str,
        reason: str,
    ) -> None:
        if is_taken(connection, name):
            raise StoreError(f"add operator {name!r}: there is one of that name")
        at = self._clock.now()
        connection.execute(
            operator.insert().values(
                name=name,
                site=self._site,
                role=role.value,
                password_hash=password_hash,
                must_change=must_change,
                made_at=at,
            )
        )
        entry = changed(by or name, "operator_added", name, {}, {"role": role.value}, reason)
        write_entries(connection, self._site, at, [entry])

    def _reset(self, connection: Connection, name: str, password_hash: str, by: str, reason: str) -> None:
        found = _find(connection, name, locked_too=True)
        if found is None:
            raise StoreError(f"reset the password of {name!r}: there is nobody of that name")
        if connection.execute(select(operator.c.origin).where(operator.c.name == name)).scalar_one():
            raise StoreError(f"reset the password of {name!r}: the person signs in elsewhere")
        for_once = found[0].role != Role.SYSTEM.value
        connection.execute(
            update(operator).where(operator.c.name == name).values(password_hash=password_hash, must_change=for_once)
        )
        entry = changed(by or name, "password_reset", name, {}, {"must_change": for_once}, reason)
        write_entries(connection, self._site, self._clock.now(), [entry])

    def _replace(self, connection: Connection, name: str, password_hash: str) -> None:
        connection.execute(
            update(operator).where(operator.c.name == name).values(password_hash=password_hash, must_change=False)
        )
        write_entries(connection, self._site, self._clock.now(), [JournalEntry("person", name, "password_changed")])


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(operator)).scalar_one()


def _find(connection: Connection, name: str, *, locked_too: bool = False) -> tuple[SignedIn, str] | None:
    """Find a person; whoever is locked is nobody, for all that asks for a right or a password."""
    query = select(operator).where(operator.c.name == name)
    row = connection.execute(query if locked_too else query.where(operator.c.locked_at.is_(None))).first()
    return (SignedIn(row.name, row.role, row.must_change), row.password_hash) if row is not None else None


def _origin(connection: Connection, name: str) -> str | None:
    """Say who vouches for a person, locked or not; empty: a password here; none: there is nobody of that name."""
    found = connection.execute(select(operator.c.origin).where(operator.c.name == name)).scalar()
    return None if found is None else str(found)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def weakness(name: str, password: str) -> str | None:
    """Say what is wrong with a new password of this person."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"a password has {SHORTEST} to {LONGEST} signs"
    if len(name) >= SHORTEST // 2 and name.casefold() in password.casefold():
        return "a password must not hold the name"
    return None


def _unmatchable_hash() -> str:
    """Make a hash that no password has, as dear to check as a real one."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"

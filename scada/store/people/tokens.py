"""Tokens of the API: a program acts in a person's name, with fewer rights than the person and for a time.

The token itself is shown once and kept nowhere; what is kept is its SHA-256. It has 256 random bits, so a slow hash
would protect nothing more.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select, update

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.rights import may, scope_of
from scada.ports import JournalEntry
from scada.store.db import Database, StoreError
from scada.store.journal import write_entries
from scada.store.schema import api_token as tokens
from scada.store.schema import operator

PREFIX: Final = "dz_"
LONGEST_DAYS: Final = 366
MOST: Final = 50
"""Tokens of one person that are good at the same time."""
_USED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token stands for, and what it may."""

    token: str
    name: str
    role: str
    rights: frozenset[str]


def digest(token: str) -> str:
    """Give what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """The tokens of one site."""

    def __init__(self, db: Database, site: SiteId, clock: Clock) -> None:
        self._db = db
        self._site = site
        self._clock = clock

    async def make(self, owner: str, label: str, rights: Collection[str], days: int, by: str) -> str:
        """Make a token and give it, for this once. Raises StoreError."""
        secret, name = PREFIX + secrets.token_urlsafe(32), secrets.token_hex(8)
        at = self._clock.now()

        def work(connection: Connection) -> None:
            self._check(connection, owner, rights, days, at)
            row = {
                "id": name, "site": self._site, "owner": owner, "label": label, "hash": digest(secret),
                "rights": sorted(set(rights)), "made_by": by, "made_at": at, "expires_at": at + timedelta(days=days),
            }  # fmt: skip
            connection.execute(tokens.insert().values(**row))
            self._tell(
                connection, by, "token_made", owner, {}, {"token": name, "label": label, "rights": row["rights"]}
            )

        await self._db.write(work)
        return secret

    def _check(self, connection: Connection, owner: str, rights: Collection[str], days: int, at: datetime) -> None:
        role = _role(connection, owner)
        if role is None:
            raise StoreError("there is nobody of that name who may sign in")
        beyond = sorted(set(rights) - scope_of(role))
        if beyond or not rights:
            raise StoreError(f"a token of a {role} cannot hold: {', '.join(beyond) or 'nothing at all'}")
        if not 1 <= days <= LONGEST_DAYS:
            raise StoreError(f"a token is good for 1 to {LONGEST_DAYS} days")
        good = (tokens.c.owner == owner) & tokens.c.revoked_at.is_(None) & (tokens.c.expires_at > at)
        if len(connection.execute(select(tokens.c.id).where(good)).all()) >= MOST:
            raise StoreError(f"{owner} has {MOST} tokens already; revoke one")

    async def list(self, owner: str | None) -> list[dict[str, object]]:
        """Give the tokens of a person, or all; the newest first, without what would let anybody in."""
        columns = [column for column in tokens.c if column.name not in ("hash", "site")]
        query = select(*columns).where(tokens.c.site == self._site).order_by(tokens.c.made_at.desc()).limit(200)
        asked = query if owner is None else query.where(tokens.c.owner == owner)
        return await self._db.read(lambda connection: [dict(row) for row in connection.execute(asked).mappings()])

    async def revoke(self, name: str, by: str, whose: str | None) -> None:
        """End a token now; `whose`: only if it is this person's. Raises StoreError."""

        def work(connection: Connection) -> None:
            row = connection.execute(select(tokens).where(tokens.c.id == name, tokens.c.site == self._site)).first()
            if row is None or (whose is not None and row.owner != whose):
                raise StoreError("there is no such token")
            if row.revoked_at is None:
                connection.execute(update(tokens).where(tokens.c.id == name).values(revoked_at=self._clock.now()))
                self._tell(connection, by, "token_revoked", row.owner, {"token": name}, {})

        await self._db.write(work)

    async def bearer(self, hashed: str) -> Bearer | None:
        """Say whom a token stands for now; nobody if it has ended or its owner is locked out."""
        now = self._clock.now()
        found = await self._db.read(lambda connection: self._find(connection, tokens.c.hash == hashed, now))
        if found is None:
            return None
        bearer, used_at = found
        if used_at is None or now - used_at >= _USED_EVERY:
            used = update(tokens).where(tokens.c.id == bearer.token).values(used_at=now)
            await self._db.write(lambda connection: connection.execute(used) and None)
        return bearer

    async def may(self, name: str, owner: str, right: str) -> bool:
        """Say whether this token of this person has a right at this moment."""
        now = self._clock.now()
        found = await self._db.read(lambda connection: self._find(connection, tokens.c.id == name, now))
        return found is not None and found[0].name == owner and right in found[0].rights

    def _find(self, connection: Connection, which: object, now: datetime) -> tuple[Bearer, datetime | None] | None:
        good = (tokens.c.site == self._site) & tokens.c.revoked_at.is_(None) & (tokens.c.expires_at > now)
        row = connection.execute(select(tokens).where(good, which)).first()  # type: ignore[arg-type]
        role = None if row is None else _role(connection, row.owner)
        if row is None or role is None:
            return None
        held = frozenset(str(right) for right in row.rights if may(role, str(right))) & scope_of(role)
        return Bearer(row.id, row.owner, role, held), row.used_at

    def _tell(
        self,
        connection: Connection,
        by: str,
        what: str,
        owner: str,
        before: dict[str, object],
        after: dict[str, object],
    ) -> None:
        entry = JournalEntry("person", by, what, body={"name": owner, "before": before, "after": after})
        write_entries(connection, self._site, self._clock.now(), [entry])


def _role(connection: Connection, name: str) -> str | None:
    query = select(operator.c.role).where(
        operator.c.name == name, operator.c.locked_at.is_(None), operator.c.must_change.is_(False)
    )
    return connection.execute(query).scalar_one_or_none()

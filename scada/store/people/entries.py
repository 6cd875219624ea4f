"""What is written down about an account, and which names people may have."""

import unicodedata

from sqlalchemy import Connection, select

from scada.ports import JournalEntry
from scada.store.schema import operator


def entered(actor: str, what: str, address: str) -> JournalEntry:
    """Write down a sign-in, or one that was refused."""
    return JournalEntry("person", actor, what, body={"address": address[:64]})


def changed(
    actor: str, what: str, name: str, before: dict[str, object], after: dict[str, object], reason: str
) -> JournalEntry:
    """Write down who changed whom, from what to what, and why."""
    body: dict[str, object] = {"name": name, "before": before, "after": after, "reason": reason}
    return JournalEntry("person", actor, what, body=body)


def is_name(name: str) -> bool:
    """Say whether a name can be typed at the sign-in, and stand in an address of ours."""
    return (
        1 <= len(name) <= 64
        and name.isprintable()
        and name == name.strip()
        and "/" not in name
        and bool(name.strip("."))
    )


def is_taken(connection: Connection, name: str) -> bool:
    """Say whether somebody has the name, or one that people would take for it."""
    return _looks(name) in {_looks(str(one)) for one in connection.execute(select(operator.c.name)).scalars()}


def _looks(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()

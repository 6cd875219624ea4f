"""What goes wrong in a database, told so that its caller knows whether anything was written."""

from enum import Enum
from typing import Final

from sqlalchemy.exc import DBAPIError


class StoreError(Exception):
    """The store could not take or give something; the message says what was tried."""


class StoreFull(StoreError):
    """There is no room on the disk, or it takes nothing: nothing was written."""


class StoreUnknown(StoreError):
    """The connection was lost while a transaction was committed: nobody can say whether it was written.

    It is never repeated here. Whoever asked reads back, or does again what is harmless twice.
    """


class Deposed(StoreError):
    """Another server leads the site now: nothing was written, and nothing ever will be by this process."""


class Step(Enum):
    """How far a transaction had come."""

    BEGIN = "begin"
    WORK = "work"
    COMMIT = "commit"


_REPEATED: Final = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock: the server itself has undone the transaction."""
_FULL: Final = "53100"
_TOLD: Final = {
    "55P03": "waited too long for a lock",
    "57014": "the statement took too long",
}
_TOLD_CLASSES: Final = ("53", "57", "58", "08", "28", "XX")
"""No room, the server stops, the disk fails, no connection, no right to it, damaged data."""


def is_undone(error: DBAPIError) -> bool:
    """Say whether the server undid the transaction for a reason that the same transaction may not meet again."""
    return sqlstate(error) in _REPEATED


def is_away(error: DBAPIError) -> bool:
    """Say whether the server could not be reached, or is there no more."""
    return error.connection_invalidated or sqlstate(error) is None


def told(error: DBAPIError, step: Step, where: str) -> StoreError | None:
    """Tell an error of the server or of the way to it; None where the transaction's own work is at fault."""
    state = sqlstate(error)
    if error.connection_invalidated or (step is Step.BEGIN and state is None):
        return _lost(step, where, error)
    if state == _FULL:
        return StoreFull(f"{step.value} in {where}: {reason(error)}: nothing was written")
    if state in _TOLD:
        return StoreError(f"{step.value} in {where}: {_TOLD[state]}: nothing was written")
    if state is not None and state.startswith(_TOLD_CLASSES):
        return StoreError(f"{step.value} in {where}: {reason(error)}: nothing was written")
    return None


def _lost(step: Step, where: str, error: DBAPIError) -> StoreError:
    if step is Step.COMMIT:
        what = "the connection was lost during the commit: whether it was written is unknown"
        return StoreUnknown(f"{what}; {where}: {reason(error)}")
    what = "no connection" if step is Step.BEGIN else "the connection was lost"
    return StoreError(f"{what}: nothing was written; {where}: {reason(error)}")


def sqlstate(error: DBAPIError) -> str | None:
    """Give PostgreSQL's five characters for what is wrong; None where there are none."""
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def reason(error: DBAPIError) -> str:
    """Give the server's own words on one line, without the row that they may quote."""
    primary = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return " ".join(str(primary or error.orig).split())

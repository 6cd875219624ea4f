"""Goodwill (客诉减免): what the car at the boom would be let off, and from when on nobody decides that alone (§11)."""

from datetime import datetime

from scada.model.lane.leave import due_of
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction
from scada.model.money import Fen, yuan_text


def waived(lane: Lane, now: datetime) -> Fen | None:
    """Give what goodwill would waive; None while nobody knows. Who comes in owes nothing."""
    if lane.direction is Direction.ENTRY:
        return Fen(0)
    due = due_of(lane)
    if due is None or lane.live is None or due.quote.stay != lane.live.stay or due.quote.valid_until <= now:
        return None
    return Fen(due.quote.due_fen - due.quote.older_fen)


def why_second(amount: Fen | None, limit: Fen) -> str:
    """Say why a second person must stand for waiving so much; nothing if none must."""
    if amount is None:
        return "nobody knows yet how much is waived: a second person is needed"
    return f"above {yuan_text(limit)} yuan of goodwill a second person is needed" if amount > limit else ""

"""One tag's place in the table: what was last seen of it, what is put over it, and what was last told of it."""

from datetime import datetime

from scada.model.contact import Contact, filtered
from scada.model.tag import Quality, TagSpec, TagValue, Value

_GOOD = Quality.GOOD


class Cell:
    """`shown` is the last publication; the rest is what was seen since, and what is forced over it."""

    __slots__ = (
        "ages",
        "changed_s",
        "contact",
        "feeds",
        "forced",
        "inputs",
        "quality",
        "seen_at",
        "seen_s",
        "shown",
        "source_at",
        "spec",
        "told_s",
        "turning",
        "value",
    )

    def __init__(self, spec: TagSpec, at: datetime, at_s: float) -> None:
        self.spec = spec
        self.value: Value = None
        self.quality = Quality.NOT_CONNECTED
        """What the value is worth, whatever is forced over it."""
        self.source_at: datetime | None = None
        self.seen_at = at
        self.seen_s = at_s
        self.changed_s = at_s
        self.told_s = at_s
        self.shown = TagValue(None, Quality.NOT_CONNECTED, None, at, at_s)
        self.contact: Contact | None = None
        self.turning = False
        """A contact that was seen to turn and does not count as turned yet."""
        self.forced: tuple[Value] | None = None
        self.ages = False
        """It is good now and would be too old after a while."""
        self.feeds = False
        """A formula reads it."""
        self.inputs: tuple[Cell, ...] = ()
        """What its own formula reads: it is as old as the oldest of them."""

    def take(self, value: Value, quality: Quality, source_at: datetime | None, at: datetime, at_s: float) -> bool:
        """Take what a driver saw; say whether value or quality is another than before."""
        self.seen_at, self.seen_s = at, at_s
        if quality is not self.quality or self.turning:
            return self._turn(value, quality, source_at, at_s)
        if value == self.value:
            self.source_at = source_at
            return False
        if quality is not _GOOD or self.spec.debounce_s:
            return self._turn(value, quality, source_at, at_s)
        self.value, self.source_at, self.changed_s = value, source_at, at_s
        return True

    def _turn(self, value: Value, quality: Quality, source_at: datetime | None, at_s: float) -> bool:
        self.source_at = source_at
        if not quality.is_good:
            self.contact, self.turning = None, False
            value = self.value if value is None else value
        elif self.spec.debounce_s:
            value = self._filtered(value, at_s)
        if self.quality is Quality.STUCK and quality.is_good and value == self.value:
            return False
        if value == self.value and quality is self.quality:
            return False
        if value != self.value:
            self.changed_s = at_s
        self.value, self.quality = value, quality
        self.ages = quality.is_good and self.spec.stale_s is not None
        return True

    def _filtered(self, value: Value, at_s: float) -> bool:
        spec = self.spec
        self.contact = filtered(self.contact, on=bool(value), at_s=at_s, wait_s=spec.debounce_s, safe=spec.safe)
        self.turning = not self.contact.is_settled
        return self.contact.counts

    def settle(self, at_s: float) -> bool:
        """Let a contact that has stayed so for long enough turn; say whether it did."""
        if self.contact is None or not self.turning:
            return False
        return self._turn(self.contact.seen, Quality.GOOD, self.source_at, at_s)

    def lose(self, at_s: float) -> TagValue:
        """Tell for the last time: the map has the tag no more."""
        self.forced = None
        self._doubt(Quality.NOT_CONNECTED)
        return self.tell(at_s)

    def grow_stale(self) -> None:
        """Let what was last seen count as old; a driver's next word counts again."""
        self._doubt(Quality.STALE)

    def stick(self) -> bool:
        """Let a contact that is on count as stuck until it turns; say whether that is news."""
        if self.quality is not Quality.GOOD or self.value is not True:
            return False
        self._doubt(Quality.STUCK)
        return True

    def _doubt(self, quality: Quality) -> None:
        self.quality, self.ages = quality, False
        self.contact, self.turning = None, False

    def news(self) -> bool:
        """Say whether what is known now has to be told: all but what lies within the deadband."""
        shown = self.shown
        if self.forced is not None:
            return shown.quality is not Quality.FORCED or shown.value != self.forced[0]
        if self.quality is not shown.quality:
            return True
        if self.value == shown.value:
            return False
        return not (self.spec.deadband and _within(self.value, shown.value, self.spec.deadband))

    def tell(self, at_s: float) -> TagValue:
        """Make the next publication from what is known."""
        self.told_s = at_s
        value, quality = self.value, self.quality
        if self.forced is not None:
            value, quality = self.forced[0], Quality.FORCED
        self.shown = TagValue(value, quality, self.source_at, self.seen_at, self.seen_s, self.shown.seq + 1)
        return self.shown

    def current(self) -> TagValue:
        """Give what is known now: a value inside the deadband and a refreshed age are not publications."""
        if self.inputs:
            oldest = min(self.inputs, key=lambda cell: cell.current().seen_s).current()
            return self.shown._replace(seen_at=oldest.seen_at, seen_s=oldest.seen_s)
        if self.shown.seen_s == self.seen_s:
            return self.shown
        value = self.value if self.forced is None else self.forced[0]
        return TagValue(value, self.shown.quality, self.source_at, self.seen_at, self.seen_s, self.shown.seq)

    def real(self) -> TagValue:
        """Give what the device says, behind whatever is forced over it."""
        return TagValue(self.value, self.quality, self.source_at, self.seen_at, self.seen_s, self.shown.seq)


def _within(value: Value, shown: Value, deadband: float) -> bool:
    return (
        isinstance(value, int | float)
        and isinstance(shown, int | float)
        and not isinstance(value, bool)
        and abs(value - shown) < deadband
    )

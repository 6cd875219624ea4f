"""The version that holds at an entry, of those that may charge at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from zoneinfo import ZoneInfo

from billing.tariff import NO_TABLE, HolidayTable, Tariff
from billing.versions.signatures import NEEDED, Signature
from scada.model.names import ZoneName
from scada.ports import BillingError


@dataclass(frozen=True, slots=True)
class Versions:
    """The tariffs that may charge, and the holiday table by which they price."""

    tariffs: tuple[Tariff, ...]
    clock_zone: ZoneInfo
    table: HolidayTable = field(default=NO_TABLE)

    def at(self, entered_at: datetime, zone: ZoneName) -> Tariff:
        """Give the version that holds for an entry into a zone: the last one that is in force. Raises BillingError."""
        here = [one for one in self.tariffs if not one.zones or zone in one.zones]
        in_force = [one for one in here if self.begins(one) <= entered_at]
        if not in_force:
            raise BillingError(f"no tariff is in force for {zone!r} at {entered_at:%Y-%m-%d %H:%M}")
        return max(in_force, key=lambda one: (self.begins(one), bool(one.zones)))

    def begins(self, tariff: Tariff) -> datetime:
        """Give the moment from which a version is in force."""
        written = datetime.fromisoformat(tariff.effective_from)
        return written if written.tzinfo else written.replace(tzinfo=self.clock_zone)


def why_not(tariff: Tariff, signed: Mapping[str, Sequence[Signature]], *, virtual: bool) -> str:
    """Say why a version may not charge anybody; empty if it may."""
    if tariff.demo:
        return "" if virtual else "it is for a demo: take `demo` out, and let two people sign it"
    people = {one.by.casefold() for one in signed.get(tariff.digest, ())}
    if len(people) >= NEEDED:
        return ""
    return f"{len(people)} of {NEEDED} people have signed it: daozha tariff sign FILE --by NAME"


def clashes(versions: Versions) -> list[tuple[Tariff, Tariff]]:
    """Give pairs of which nobody can say which one holds: for the same zones, from the same moment on."""
    return [
        (one, other)
        for one, other in combinations(versions.tariffs, 2)
        if versions.begins(one) == versions.begins(other)
        and (one.zones == other.zones or (one.zones and other.zones and set(one.zones) & set(other.zones)))
    ]

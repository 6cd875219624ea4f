"""A fee as a page shows it: amounts in yuan, times on the site's clock, sentences in the language spoken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hmi.language import language, say
from scada.config import Config
from scada.model.money import Fen, yuan_text
from scada.model.plate import Plate, is_unplated

_HOUR = 60


def plate_shown(plate: str) -> str:
    """Give a plate as its driver reads it: the name that the books have for a car without one says nothing to him."""
    return say("Car without a plate") if is_unplated(Plate(plate)) else plate


@dataclass(frozen=True, slots=True)
class Fee:
    """What the plant told of a stay, `told`, for the templates."""

    told: Mapping[str, object]
    config: Config

    @property
    def state(self) -> str:
        """due, free, paid, left or person."""
        return str(self.told.get("state", ""))

    @property
    def plate(self) -> str:
        """The plate that was typed or read."""
        return str(self.told.get("plate", ""))

    @property
    def due(self) -> str:
        """What is to be paid now, in yuan."""
        return self._yuan("due_fen")

    @property
    def entered(self) -> str:
        """When the car came in."""
        return self._time("entered_at", "%m-%d %H:%M")

    @property
    def leave_by(self) -> str:
        """Until when it may leave without paying more; empty if nothing was paid."""
        return self._time("leave_by", "%H:%M")

    @property
    def parked(self) -> str:
        """How long it has been here."""
        minutes = self.told.get("minutes")
        hours, rest = divmod(minutes if isinstance(minutes, int) else 0, _HOUR)
        if not hours:
            return say("%(minutes)s min", minutes=rest)
        return say("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)

    @property
    def sentences(self) -> list[str]:
        """How the fee is made and what comes next, in the language spoken."""
        said = self.told.get("said")
        told = said.get(language()) if isinstance(said, dict) else None
        return [str(one) for one in told] if isinstance(told, list) else []

    @property
    def at_exit(self) -> str:
        """The exit at which the car waits; empty if it waits at none."""
        lane = next((one for one in self.config.lanes if one.name == self.told.get("at_exit")), None)
        return "" if lane is None else lane.title if language() == "zh" else lane.title_en

    @property
    def ways(self) -> Sequence[str]:
        """The ways to pay that the plant takes."""
        ways = self.told.get("ways")
        return [str(way) for way in ways] if isinstance(ways, list) else []

    def _yuan(self, name: str) -> str:
        value = self.told.get(name)
        return yuan_text(Fen(value if isinstance(value, int) else 0))

    def _time(self, name: str, form: str) -> str:
        value = self.told.get(name)
        if not isinstance(value, str):
            return ""
        return datetime.fromisoformat(value).astimezone(self.config.site.zone_info).strftime(form)

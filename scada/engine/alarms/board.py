"""What everybody sees of the alarms at once, as tags: how many stand, how urgent, and whether it sounds."""

from collections.abc import Mapping
from typing import Final

from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.alarm.definition import AlarmId, Definition
from scada.model.alarm.flood import Flood
from scada.model.alarm.kept import Kept
from scada.model.alarm.memory import State
from scada.model.tag import TagName, Value

SEQ: Final = TagName("site.alarms_seq")


class Board:
    """Keeps the tags of the alarms. The server holds the sound: one silence is for all consoles."""

    def __init__(self, tags: TagTable, clock: Clock) -> None:
        self._tags = tags
        self._clock = clock
        self._seq = 0
        self._is_silenced = False
        self.flood = Flood()
        self._lanes = frozenset(spec.name for spec in tags.specs() if spec.name.endswith(".alarm"))

    def call(self) -> None:
        """Begin to sound: something new calls for a person."""
        self._is_silenced = False
        self.flood = self.flood.with_one(self._clock.seconds())

    def silence(self) -> None:
        """Sound no more, until something new calls."""
        self._is_silenced = True

    def is_due(self) -> bool:
        """Say whether time alone has changed what is shown: a flood is over."""
        return self.flood.at(self._clock.seconds()).is_on is not self.flood.is_on

    def show(self, kept: Mapping[AlarmId, Kept], definitions: Mapping[AlarmId, Definition]) -> None:
        """Show how the alarms stand now."""
        self._seq += 1
        stands = [one for one in kept.values() if one.memory.is_announced]
        calls = [one for one in stands if one.memory.sounds and definitions[one.id].audible]
        flood = self.flood.at(self._clock.seconds())
        self.flood = flood
        values: dict[TagName, Value] = {
            SEQ: self._seq,
            TagName("site.alarms_unacked"): sum(one.memory.unacked for one in stands),
            TagName("site.alarms_sounding"): 0 if self._is_silenced else min((o.priority for o in calls), default=0),
            TagName("site.alarms_flood"): flood.is_on,
            **{
                TagName(f"site.alarms_p{number}"): sum(one.priority == number for one in stands)
                for number in range(1, 5)
            },
            **self._of_lanes(stands, definitions),
        }
        self._tags.set_all({name: value for name, value in values.items() if name in self._tags})

    def _of_lanes(self, stands: list[Kept], definitions: Mapping[AlarmId, Definition]) -> dict[TagName, Value]:
        """Say at each lane the most urgent alarm that stands there, the newest of several."""
        told: dict[TagName, Value] = dict.fromkeys(self._lanes, "")
        rank = {State.UNACK: 0, State.ACKED: 1, State.RTNUN: 2, State.LTCH: 3}
        ordered = sorted(
            stands, key=lambda one: (-rank[one.memory.state], -one.priority, one.since or self._clock.now())
        )
        for one in ordered:
            name = TagName(f"{one.lane}.alarm")
            if name in told:
                told[name] = one.detail or definitions[one.id].words.text
        return told

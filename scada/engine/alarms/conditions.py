"""What an alarm's condition comes to, from the tags as the alarms' own mailbox has shown them, batch after batch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from scada.formula import Formula, FormulaError, Reckoned, Reckoner, parse
from scada.model.alarm.definition import AlarmId, Beyond, Counts, Definition, Holds, Told, beyond, counted
from scada.model.tag import Access, Quality, TagName, TagSpec, TagValue, Value

_ANY = TagSpec(TagName("alarm"), "", Access.READ)
MOST_SHOWN = 4
"""So many tags are shown with their values beside an alarm."""


class AlarmError(ValueError):
    """An alarm's definition cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether the condition holds (None: nobody can tell), how often it has come, and by which value it is judged."""

    holds: bool | None
    times: int = 0
    value: str = ""


@dataclass(frozen=True, slots=True)
class _Compiled:
    main: Formula | None
    suppress: Formula | None


class Conditions:
    """All conditions of a site. Raises AlarmError for a definition that looks at what is not there."""

    def __init__(self, definitions: Iterable[Definition], known: Mapping[TagName, TagSpec]) -> None:
        self._known = known
        self._image: dict[TagName, tuple[Value, Quality]] = {}
        self._counters: dict[TagName, int] = {}
        self._reckoner = Reckoner(self._read)
        self._compiled: dict[AlarmId, _Compiled] = {}
        self.of_tag: dict[TagName, list[AlarmId]] = {}
        for definition in definitions:
            self.add(definition)

    def add(self, definition: Definition) -> None:
        """Take a definition. Raises AlarmError."""
        self._compiled[definition.id] = _Compiled(
            self._parsed(definition, _formula_of(definition)), self._parsed(definition, definition.suppress)
        )
        for name in self.inputs(definition):
            if name not in self._known:
                raise AlarmError(f"alarm {definition.id}: there is no tag {name}")
            self.of_tag.setdefault(name, []).append(definition.id)

    def _parsed(self, definition: Definition, text: str) -> Formula | None:
        try:
            return parse(text) if text else None
        except FormulaError as error:
            raise AlarmError(f"alarm {definition.id}: {text!r}: {error}") from error

    def inputs(self, definition: Definition) -> frozenset[TagName]:
        """Give the tags that a definition looks at."""
        compiled = self._compiled[definition.id]
        main = frozenset() if compiled.main is None else compiled.main.inputs
        suppress = frozenset() if compiled.suppress is None else compiled.suppress.inputs
        counter = {definition.source.tag} if isinstance(definition.source, Counts) else set()
        return main | suppress | counter

    def take(self, batch: Mapping[TagName, TagValue]) -> set[AlarmId]:
        """Take changed tags; gives the alarms that look at them."""
        touched: set[AlarmId] = set()
        for name, shown in batch.items():
            if (looking := self.of_tag.get(name)) is not None:
                self._image[name] = (shown.value, shown.quality)
                touched.update(looking)
        return touched

    def judge(self, definition: Definition, *, stands: bool) -> Judged | None:
        """Judge a condition as the tags are now; None for what the journal tells, and needs no tags."""
        match definition.source:
            case Holds():
                return replace(self._truth(definition), value=self._shown(definition))
            case Beyond() as source:
                return self._beyond(definition, source, stands=stands)
            case Counts(tag, bits):
                return self._counted(tag, bits)
            case Told(stands=formula):
                return replace(self._truth(definition), value=self._shown(definition)) if formula else None
            case never:
                assert_never(never)

    def is_suppressed(self, definition: Definition) -> bool:
        """Say whether the logic of the plant suppresses it; what is not known suppresses nothing."""
        formula = self._compiled[definition.id].suppress
        if formula is None:
            return False
        done = self._reckoner.reckon(formula, _ANY)
        return done.quality.is_good and done.value is True

    def values(self, definition: Definition) -> list[tuple[str, Value, int]]:
        """Give the tags that an alarm looks at, as they are now."""
        return [(name, *self._coded(name)) for name in sorted(self.inputs(definition))]

    def _coded(self, name: TagName) -> tuple[Value, int]:
        value, quality = self._read(name)
        return value, quality.status_code

    def _truth(self, definition: Definition) -> Judged:
        done = self._reckoned(definition)
        if not done.quality.is_good or not isinstance(done.value, bool | int | float):
            return Judged(None)
        return Judged(bool(done.value))

    def _beyond(self, definition: Definition, source: Beyond, *, stands: bool) -> Judged:
        done = self._reckoned(definition)
        if not done.quality.is_good or isinstance(done.value, str) or done.value is None:
            return Judged(None)
        return Judged(beyond(source, float(done.value), stands=stands), value=_written(done.value))

    def _counted(self, tag: TagName, bits: int) -> Judged:
        """Count on from the last good value; the first one after a link was lost is where counting begins."""
        value, quality = self._read(tag)
        if quality.is_bad:
            self._counters.pop(tag, None)
        if not quality.is_good or isinstance(value, str | None):
            return Judged(None)
        now, before = int(value), self._counters.get(tag)
        self._counters[tag] = now
        times = 0 if before is None else counted(before, now, bits)
        return Judged(holds=False, times=times, value=_written(now))

    def _reckoned(self, definition: Definition) -> Reckoned:
        formula = self._compiled[definition.id].main
        return Reckoned(None, Quality.CONFIGURATION) if formula is None else self._reckoner.reckon(formula, _ANY)

    def _shown(self, definition: Definition) -> str:
        formula = self._compiled[definition.id].main
        names = sorted(formula.inputs)[:MOST_SHOWN] if formula is not None else []
        return ", ".join(f"{name} = {_written(self._read(name)[0])}" for name in names)[:200]

    def _read(self, name: TagName) -> tuple[Value, Quality]:
        return self._image.get(name, (None, Quality.NOT_CONNECTED))


def _formula_of(definition: Definition) -> str:
    match definition.source:
        case Holds(when):
            return when
        case Beyond(value=value):
            return value
        case Told(stands=stands):
            return stands
        case Counts():
            return ""
        case never:
            assert_never(never)


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:.6g}" if isinstance(value, float) else "?" if value is None else str(value)[:80]

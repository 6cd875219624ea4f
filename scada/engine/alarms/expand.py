"""The entries of a site's alarms, each made into one definition for every lane, device or camera that it stands for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from scada.config import Config
from scada.formula import FormulaError, parse
from scada.model.alarm.definition import AlarmId, Beyond, Counts, Definition, Holds, Source, Told, Words
from scada.model.alarm.memory import Design, Priority
from scada.model.camera.figures import camera_tag
from scada.model.display import display_tag
from scada.model.figures import device_tag
from scada.model.names import LaneName
from scada.model.tag import TagName, TagSpec
from scada.settings.alarms import AlarmEntry

OTHER = "other"
"""The entry for what the journal tells and no entry names."""
COMMUNICATION = "communication"
"""The alarm of a device whose link is lost: it stands for all that is read over it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One thing that an entry stands for, and what its text's braces are filled with."""

    name: str
    lane: LaneName | None
    fills: Mapping[str, str]


def expanded(entries: Iterable[AlarmEntry], config: Config, specs: Mapping[TagName, TagSpec]) -> list[Definition]:
    """Make the definitions; an entry whose tags are not there at some place is not there."""
    places = _places(config, specs)
    found = [
        definition
        for entry in entries
        if entry.code != OTHER
        for place in places[entry.per]
        if (definition := _definition(entry, place, specs)) is not None
    ]
    known = {definition.id for definition in found}
    return [_with_devices(definition, specs, known) for definition in found]


def stranger(entry: AlarmEntry, code: str, lane: LaneName | None) -> Definition:
    """Make the definition for what the journal tells and no entry names: it stands until somebody has seen it."""
    place = _Place(lane or "site", lane, {"lane": lane or "", "place": lane or "site", "plc": ""})
    told = entry.model_copy(update={"code": code, "told": (code,)})
    return _made(told, place, AlarmId(f"{place.name}.{code}"[:96]), frozenset())


def _places(config: Config, specs: Mapping[TagName, TagSpec]) -> dict[str, list[_Place]]:
    lanes = [_lane(lane.id, specs) for lane in config.lanes]
    devices = sorted({spec.device for spec in specs.values() if spec.device})
    cameras = [(one.name, LaneName(one.lane)) for one in config.cameras]
    displays = [(one.name, LaneName(one.lane)) for one in config.displays]
    boards: list[tuple[str, LaneName | None]] = [(one.name, None) for one in config.boards]
    return {
        "site": [_Place("", None, {"place": "site"})],
        "lane": lanes,
        "device": [
            _Place(one, _lane_of(one, specs, config), {"place": one, "dev": _stem(device_tag(one, ""))})
            for one in devices
        ],
        "camera": [_Place(name, lane, {"place": name, "cam": _stem(camera_tag(name, ""))}) for name, lane in cameras],
        "zone": [_Place(zone.name, None, {"place": zone.name}) for zone in config.park.all],
        "display": [
            _Place(name, lane, {"place": name, "display": _stem(display_tag(name, ""))})
            for name, lane in (*displays, *boards)
        ],
    }


def _lane(lane: LaneName, specs: Mapping[TagName, TagSpec]) -> _Place:
    heart = specs.get(TagName(f"{lane}.plc.tick")) or specs.get(TagName(f"{lane}.loop.approach"))
    return _Place(lane, lane, {"place": lane, "lane": lane, "plc": heart.device if heart else ""})


def _lane_of(device: str, specs: Mapping[TagName, TagSpec], config: Config) -> LaneName | None:
    """Give the lane that a device serves, if it serves one alone."""
    mine = {
        lane.id
        for lane in config.lanes
        for spec in specs.values()
        if spec.device == device and spec.name.startswith(f"{lane.id}.")
    }
    return mine.pop() if len(mine) == 1 else None


def _stem(tag: str) -> str:
    return tag.rstrip(".")


def _definition(entry: AlarmEntry, place: _Place, specs: Mapping[TagName, TagSpec]) -> Definition | None:
    fill = place.fills
    told = [_filled(text, fill) for text in (entry.when, entry.value, entry.stands, entry.suppress) if text]
    inputs = frozenset(name for text in told for name in _inputs(entry, text))
    inputs |= {TagName(_filled(entry.counts, fill))} if entry.counts else frozenset()
    if not inputs <= specs.keys():
        return None
    return _made(entry, place, AlarmId(f"{place.name or 'site'}.{entry.code}"), inputs)


def _inputs(entry: AlarmEntry, text: str) -> frozenset[TagName]:
    try:
        return parse(text).inputs
    except FormulaError as error:
        raise ValueError(f"alarm {entry.code}: {text!r}: {error}") from error


def _made(entry: AlarmEntry, place: _Place, name: AlarmId, inputs: frozenset[TagName]) -> Definition:
    fill = place.fills
    source = _source(entry, fill)
    return Definition(
        id=name,
        code=entry.code,
        place=place.name,
        lane=place.lane,
        priority=Priority(entry.priority),
        source=source,
        design=Design(
            on_delay_s=entry.on_delay_s,
            off_delay_s=entry.off_delay_s,
            count=entry.count,
            count_s=entry.count_s,
            latching=entry.latching,
            auto_ack=entry.auto_ack,
            once=isinstance(source, Counts) or (isinstance(source, Told) and not source.stands),
            re_alarm_s=entry.re_alarm_s,
            shelve_most=timedelta(minutes=entry.shelve_most_min),
        ),
        words=Words(
            *(_filled(getattr(entry, name), fill) for name in ("text", "text_zh", "consequence", "consequence_zh")),
            *(_filled(getattr(entry, name), fill) for name in ("response", "response_zh")),
        ),
        within_s=entry.within_s,
        link=_filled(entry.link, fill),
        group=_filled(entry.group, fill),
        parents=tuple(AlarmId(_filled(one, fill)) for one in entry.parents),
        suppress=_filled(entry.suppress, fill),
        audible=entry.audible,
        inputs=inputs,
    )


def _source(entry: AlarmEntry, fill: Mapping[str, str]) -> Source:
    if entry.when:
        return Holds(_filled(entry.when, fill))
    if entry.counts:
        return Counts(TagName(_filled(entry.counts, fill)), entry.bits)
    if entry.told:
        return Told(frozenset(entry.told), _filled(entry.stands, fill))
    limit = entry.above if entry.above is not None else entry.below
    return Beyond(_filled(entry.value, fill), limit or 0.0, entry.above is not None, entry.deadband)


def _filled(text: str, fill: Mapping[str, str]) -> str:
    """Fill the braces that are known; others, such as a text's `{detail}`, stay."""
    return re.sub(r"\{(\w+)\}", lambda found: fill.get(found[1], found[0]), text)


def _with_devices(definition: Definition, specs: Mapping[TagName, TagSpec], known: set[AlarmId]) -> Definition:
    """Let the link of each device that an alarm looks at stand for it; a parent that is not there is none."""
    links = {AlarmId(f"{specs[name].device}.{COMMUNICATION}") for name in definition.inputs if specs[name].device}
    parents = tuple(
        one for one in dict.fromkeys((*definition.parents, *sorted(links))) if one in known and one != definition.id
    )
    return replace(definition, parents=parents)

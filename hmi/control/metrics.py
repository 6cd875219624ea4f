"""What a Prometheus server reads of a site: its figures as gauges, none of which names anybody. Functions of values.

A tag is named by what it is and labelled by where: `out1.gate.up` is `daozha_lane_gate_up{lane="out1"}`. Only what is
known is told: a figure whose tag is not good is left out, so that a rule on its absence can fire; none is told as 0.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from hmi.control.live import Change, Snapshot
from hmi.gauges import Gauge, written
from scada.bridge import Message
from scada.model.camera.figures import GROUP as CAMERAS
from scada.model.display import GROUP as DISPLAYS
from scada.model.figures import GROUP as DEVICES
from scada.model.tag import Quality

_GROUPS: Final = {DEVICES: "device", CAMERAS: "camera", DISPLAYS: "display", "zone": "zone"}
_STATE: Final = "lane.state"
_STANDBY: Final = "site.standby"
_KNOWN: Final = frozenset({Quality.GOOD.status_code, Quality.FORCED.status_code})


def exposition(snapshot: Snapshot, lanes: Sequence[str], processes: Sequence[Message]) -> bytes:
    """Write the text format: the plant's link, every number among the tags, the lanes' states, the processes.

    Of a plant that is away nothing is told but that: what it said last is not what is.
    """
    tags = snapshot["tags"] if snapshot["up"] else []
    return written([_link(snapshot), *_tags(tags, lanes), *_lives(processes)])


def _link(snapshot: Snapshot) -> Gauge:
    return Gauge("daozha_plant_up", "Whether the plant is heard.", value=float(snapshot["up"]))


def _tags(tags: Iterable[Change], lanes: Sequence[str]) -> Iterator[Gauge]:
    families: dict[str, Gauge] = {}
    counts: dict[bool, int] = {True: 0, False: 0}
    states = Gauge("daozha_lane_state", "1 for the state in which a lane is.", labels=("lane", "state"))
    standby = Gauge("daozha_site_standby", "1 for what is known of the other server.", labels=("state",))
    for name, value, status, _at in tags:
        known = status in _KNOWN
        counts[known] += 1
        group, _, point = str(name).partition(".")
        if not known:
            continue
        if group in lanes and point == _STATE:
            states.add_metric((group, str(value)), 1.0)
        elif name == _STANDBY:
            standby.add_metric((str(value),), 1.0)
        elif isinstance(value, int | float):
            called, labels = _called(str(name), lanes)
            family = families.get(called)
            if family is None:
                where = tuple(labels)
                families[called] = family = Gauge(called, f"The tag {_pattern(str(name))}.", labels=where)
            family.add_metric(tuple(labels.values()), float(value))
    yield from (families[called] for called in sorted(families))
    yield states
    yield standby
    quality = Gauge("daozha_tags", "How many tags are known, and how many are not.", labels=("known",))
    for known, count in counts.items():
        quality.add_metric((str(known).lower(),), count)
    yield quality


def _called(name: str, lanes: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """Give the metric of a tag, and its labels."""
    group, _, point = name.partition(".")
    if group == "site":
        return _metric("site", point), {}
    if group in lanes:
        return _metric("lane", point), {"lane": group}
    kind = _GROUPS.get(group)
    if kind is None:
        return "daozha_tag", {"tag": name}
    one, _, rest = point.partition(".")
    return _metric(kind, rest), {kind: one}


def _pattern(name: str) -> str:
    """Say which tags a metric is of: the first of them, without its place."""
    group, _, point = name.partition(".")
    return name if group == "site" else f"…{point.partition('.')[2] or point}"


def _metric(kind: str, point: str) -> str:
    return f"daozha_{kind}_{re.sub('[^a-zA-Z0-9_]', '_', point)}"


def _lives(processes: Sequence[Message]) -> Iterator[Gauge]:
    words = {
        "memory_bytes": ("daozha_process_resident_memory_bytes", "Memory that a process holds."),
        "cpu_s": ("daozha_process_cpu_seconds", "Processor time that a process has taken since its start."),
        "up_s": ("daozha_process_up_seconds", "How long a process has lived."),
        "restarts": ("daozha_process_restarts", "How often a process was started again."),
    }
    for key, (called, told) in words.items():
        family = Gauge(called, told, labels=("process",))
        for one in processes:
            value = one.get(key)
            if isinstance(value, int | float):
                family.add_metric((str(one["name"]),), float(value))
        yield family

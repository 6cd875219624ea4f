"""Rules about zones and the lanes between them; `rules` applies them with the others."""

from collections.abc import Iterator, Mapping

from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading
from scada.config import WHOLE_SITE
from scada.model.names import ZoneName
from scada.model.zones import Zone, Zones

_REMEDIES = {
    "name": "give it a name of its own",
    "reserved": "reserve no more spaces than there are",
    "parent": "name the zone around it, or leave parent out",
}


def zones_hold_together(reading: Reading) -> Iterator[Mistake]:
    """Every nested lot lies inside a zone, in the end inside the outermost one."""
    names = [zone.get("name") for zone in reading.tables("zones")]
    for wrong in _zones(reading).wrong():
        places = [number for number, name in enumerate(names) if name == wrong.zone]
        number = places[-1] if wrong.key == "name" else places[0]
        yield reading.mistake(("zones", number, wrong.key), f"{wrong.zone!r} {wrong.what}", _REMEDIES[wrong.key])


def lanes_lead_to_zones(reading: Reading) -> Iterator[Mistake]:
    """Every lane leads to a zone, and every zone has a way in and a way out."""
    zones = _zones(reading)
    ways: dict[str, set[object]] = {zone.name: set() for zone in zones.all}
    for number, lane in enumerate(reading.tables("lanes")):
        zone = reading.text("lanes", number, "zone") or zones.all[0].name
        if zone not in ways:
            known = ", ".join(ways)
            yield reading.mistake(("lanes", number, "zone"), f"{zone!r} is no zone", f"name one of: {known}")
            continue
        way = lane.get("direction")
        ways[zone] |= {"entry", "exit"} if way == "both" else {way}
        if "way_policy" in lane and way != "both":
            what = "says how two ways share a lane, but this one has one way"
            yield reading.mistake(("lanes", number, "way_policy"), what, "leave it out", Severity.WARNING)
        yield from _tides(reading, number, lane)
    for number, one in enumerate(reading.tables("zones")):
        for way, text in (("entry", "leads into"), ("exit", "leads out of")):
            if way not in ways.get(str(one.get("name")), {way}):
                what = f"no lane {text} {one.get('name')!r}"
                remedy = "name the zone at a [[lanes]] entry"
                yield reading.mistake(("zones", number, "name"), what, remedy, Severity.WARNING)


def _tides(reading: Reading, number: int, lane: Mapping[str, object]) -> Iterator[Mistake]:
    """A tidal lane says when it turns, and no other does."""
    is_tidal, tides = lane.get("way_policy") == "tidal", lane.get("tides")
    if is_tidal and not tides:
        what, remedy = "nothing says when this lane turns", 'write tides = [{ from = "06:00", way = "entry" }, ...]'
        yield reading.mistake(("lanes", number, "way_policy"), what, remedy, Severity.WARNING)
    if tides and not is_tidal:
        what, remedy = "this lane has no tides", 'write way_policy = "tidal" or leave them out'
        yield reading.mistake(("lanes", number, "tides"), what, remedy, Severity.WARNING)


def _zones(reading: Reading) -> Zones:
    rows = [_zone(reading, number) for number in range(len(reading.tables("zones")))]
    return Zones(tuple(row for row in rows if row is not None) or (WHOLE_SITE,))


def _zone(reading: Reading, number: int) -> Zone | None:
    """Make a zone of what can be read of it: what has the wrong shape is told elsewhere."""
    name, parent = reading.text("zones", number, "name"), reading.text("zones", number, "parent")
    spaces, reserved = reading.number("zones", number, "spaces"), reading.number("zones", number, "reserved")
    if name is None:
        return None
    limit = None if spaces is None else int(spaces)
    return Zone(ZoneName(name), limit, int(reserved or 0), ZoneName(parent) if parent else None)

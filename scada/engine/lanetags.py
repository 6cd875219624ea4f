"""The server's own tags of lanes and zones, and what they say: functions of values."""

from collections.abc import Iterable, Mapping

from scada.config import Config
from scada.engine.tag.figures import box_specs
from scada.model.camera.figures import camera_specs
from scada.model.display import display_specs
from scada.model.figures import OF_LANE, OF_SITE, OF_ZONE, device_specs
from scada.model.lane.commands import Show
from scada.model.lane.leave import due_of
from scada.model.lane.states import NAMES, Lane
from scada.model.names import LaneName, ZoneName
from scada.model.tag import Access, TagName, TagSpec, Value
from scada.model.zones import ZoneCount, Zones

PERSONAL = frozenset(
    {
        "plate.text",
        "stay",
        "passage",
        "display",
        "picture",
        "gate.open_request",
        "gate.open_answer",
        "mode.period",
    }
)
"""Plates, stays, orders and the staff's names stay in SQL, where they can be forgotten; nothing else tells them on."""


def own_specs(config: Config, devices: Iterable[str]) -> list[TagSpec]:
    """Give all of the server's own tags, those of its links and queues among them."""
    lanes = [spec for lane in config.lanes for spec in lane_specs(lane.id)]
    cameras = camera_specs(camera.name for camera in config.cameras)
    figures = [*device_specs(devices), *box_specs(lane.id for lane in config.lanes), *cameras]
    displays = display_specs(told.name for told in (*config.displays, *config.boards))
    return [*lanes, *site_specs(), *zone_specs(config.park), *figures, *displays]


def lane_specs(lane: LaneName) -> list[TagSpec]:
    """Give the server's own tags of a lane; the gate-open request is the only one that is asked by writing."""
    own = [TagSpec(TagName(f"{lane}.{point}"), "", Access.READ) for point in OF_LANE]
    return [*own, TagSpec(TagName(f"{lane}.gate.open_request"), "", Access.READ_WRITE)]


def site_specs() -> list[TagSpec]:
    """Give the server's own tags of the whole site."""
    return [TagSpec(TagName(f"site.{point}"), "", Access.READ) for point in OF_SITE]


def zone_specs(zones: Zones) -> list[TagSpec]:
    """Give the server's own tags of every zone; one without a limit has no free spaces to tell."""
    points = {zone.name: ("cars", "drift") if zone.spaces is None else OF_ZONE for zone in zones.all}
    return [TagSpec(TagName(f"zone.{name}.{point}"), "", Access.READ) for name, own in points.items() for point in own]


def zone_values(counts: Mapping[ZoneName, ZoneCount]) -> Mapping[TagName, Value]:
    """Say in tags how many cars each zone holds, and how far that may be wrong."""
    values: dict[TagName, Value] = {}
    for name, count in counts.items():
        values[TagName(f"zone.{name}.cars")] = count.cars
        values[TagName(f"zone.{name}.drift")] = count.drift
        if count.free is not None:
            values[TagName(f"zone.{name}.free")] = count.free
    return values


def described(lane: Lane) -> Mapping[TagName, Value]:
    """Say in tags what the lane is doing and for whom."""
    live = lane.live
    read = live.read if live else None
    due = due_of(lane)
    values: dict[str, Value] = {
        "lane.state": NAMES[type(lane.state)],
        "lane.ways": ",".join(sorted(way.value for way in lane.ways)) if lane.two_way else "",
        "lane.troubles": ", ".join(sorted(lane.standing)),
        "passage": live.id if live else "",
        "plate.text": read.text if read else "",
        "plate.confidence": round(read.confidence, 4) if read else 0.0,
        "plate.colour": read.colour.value if read else "",
        "plate.agreeing": read.agreeing if read else 0,
        "plate.by": read.by.value if read else "",
        "stay": (live.stay or "") if live else "",
        "quote.due_fen": due.quote.due_fen if due else 0,
        "quote.minutes": due.quote.minutes if due else 0,
    }
    return {TagName(f"{lane.name}.{point}"): value for point, value in values.items()}


def display_content(show: Show, claim_url: str) -> dict[str, object]:
    """Say what the display shows; `claim_url` is the live passage's own page, where its code leads to that."""
    return {
        "message": show.message.value,
        "plate": show.plate,
        "due_fen": show.quote.due_fen if show.quote else None,
        "minutes": show.quote.minutes if show.quote else None,
        "qr": claim_url or show.code_url,
        "older_fen": show.quote.older_fen if show.quote else 0,
        "owes_fen": show.quote.owes_fen if show.quote else 0,
    }

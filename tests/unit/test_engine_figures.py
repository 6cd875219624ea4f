"""How links and queues do, as tags."""

from datetime import UTC, datetime

from scada.clock import VirtualClock
from scada.engine.mailbox import EveryItem, Mailbox
from scada.engine.tag.figures import Figures, box_specs
from scada.engine.tags import TagTable
from scada.model.device import DeviceFigures, LinkState
from scada.model.figures import HISTORY_BOX, device_specs, device_tag
from scada.model.names import LaneName
from scada.model.tag import TagName


class OneLink:
    """A link of which only its figures are asked."""

    def __init__(self, figures: DeviceFigures) -> None:
        self._figures = figures

    def figures(self) -> DeviceFigures:
        return self._figures


def test_a_links_figures_are_tags_of_its_device_and_queues_say_how_deep_they_were() -> None:
    box: Mailbox[int] = Mailbox("events", 10, EveryItem())
    for item in range(3):
        box.put(item)
    box.drain()
    specs = [*device_specs(["PLC-1", "gone"]), *box_specs([LaneName("in1")])]
    table = TagTable(specs, VirtualClock(datetime(2026, 3, 1, tzinfo=UTC)))
    link = OneLink(DeviceFigures("PLC-1", LinkState.STILL, scan_ms=3.14159, errors=2, why="time-out"))
    stranger = OneLink(DeviceFigures("new"))
    events = TagName("in1.box.events")
    shown = Figures(table, lambda: [link, stranger], {events: box.deepest, HISTORY_BOX: lambda: 0})  # type: ignore[list-item]
    shown.show()
    values = {point: table.get(device_tag("PLC-1", point)).value for point in ("state", "scan_ms", "errors", "why")}
    assert values == {"state": "still", "scan_ms": 3.14, "errors": 2, "why": "time-out"}
    assert device_tag("PLC-1", "state") == "dev.plc_1.state"
    assert (table.get(events).value, table.get(HISTORY_BOX).value) == (3, 0)
    shown.show()
    assert table.get(events).value == 0


def test_every_figure_of_a_link_is_a_tag() -> None:
    points = {spec.name.rpartition(".")[2] for spec in device_specs(["plc1"])}
    assert points == set(DeviceFigures.__dataclass_fields__) - {"device", "scans"}

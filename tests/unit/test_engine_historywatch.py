"""What the site is told of its history: figures as tags, and an alarm from when a trouble begins to when it is over."""

from collections.abc import Sequence
from typing import cast

from scada.clock import SystemClock
from scada.engine.historywatch import HistoryWatch
from scada.engine.lanetags import site_specs
from scada.engine.tags import TagTable
from scada.model.recording import DISK, REFUSED, TEXTS, HistoryFigures
from scada.model.tag import TagName
from scada.ports import Historian, JournalEntry


class Told:
    """A historian whose figures a test sets, and a journal that keeps what it is told."""

    def __init__(self) -> None:
        self.now = HistoryFigures()
        self.entries: list[tuple[str, str, object]] = []

    async def figures(self) -> HistoryFigures:
        return self.now

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        self.entries += [(one.kind, one.what, one.body.get("detail", one.body.get("code"))) for one in entries]


async def test_a_trouble_is_one_alarm_from_its_beginning_to_its_end_and_stands_in_a_tag_meanwhile() -> None:
    told, tags = Told(), TagTable(site_specs(), SystemClock())
    watch = HistoryWatch(cast("Historian", told), tags, told)
    trouble = TagName("site.history_trouble")
    await watch.look()
    assert (tags.get(trouble).value, told.entries) == ("", [])
    told.now = HistoryFigures(queue_lines=12, queue_bytes=3 * 1024 * 1024, troubles={REFUSED: "401 unauthorized"})
    await watch.look()
    await watch.look()
    assert told.entries == [("alarm", REFUSED, "401 unauthorized")]
    assert tags.get(trouble).value == f"{REFUSED}: {TEXTS[REFUSED]}"
    assert tags.get(TagName("site.history_queue")).value == 12
    assert tags.get(TagName("site.history_queue_mb")).value == 3.0
    told.now = HistoryFigures(troubles={DISK: "no space left"})
    await watch.look()
    told.now = HistoryFigures()
    await watch.look()
    assert told.entries[1:] == [
        ("alarm", DISK, "no space left"),
        ("event", "alarm over", REFUSED),
        ("event", "alarm over", DISK),
    ]
    assert tags.get(trouble).value == ""

"""What of the tag table becomes history, and what never does."""

import asyncio
from collections.abc import Sequence

import pytest

from scada.clock import SystemClock
from scada.engine.lanetags import lane_specs, site_specs
from scada.engine.recorder import Recorder
from scada.engine.tags import TagTable
from scada.model.names import LaneName
from scada.model.tag import TagName, TagValue
from tests.support.engine import until


class KeptHistory:
    """A historian in memory; only what the recorder uses."""

    def __init__(self) -> None:
        self.points: list[tuple[TagName, TagValue]] = []

    def record(self, changes: Sequence[tuple[TagName, TagValue]]) -> None:
        self.points.extend(changes)


async def recorded(values: dict[str, str | int]) -> tuple[list[str], int]:
    """Set tags one after the other, the lane's state last; give the names that became history, and the count."""
    tags = TagTable([*lane_specs(LaneName("in1")), *site_specs()], SystemClock())
    history = KeptHistory()
    recorder = Recorder(tags, history)  # type: ignore[arg-type]
    task = asyncio.create_task(recorder.run())
    for name, value in [*values.items(), ("in1.lane.state", "open")]:
        tags.set(TagName(name), value)
    await until(lambda: any(name == "in1.lane.state" for name, _ in history.points))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return [name for name, _ in history.points], recorder.changes


async def test_a_change_becomes_history_and_is_counted() -> None:
    assert await recorded({"in1.quote.due_fen": 500}) == (["in1.quote.due_fen", "in1.lane.state"], 2)


@pytest.mark.parametrize("point", ["plate.text", "stay", "passage", "display", "picture", "gate.open_answer"])
async def test_what_says_who_somebody_is_never_becomes_history(point: str) -> None:
    assert await recorded({f"in1.{point}": "京A12345"}) == (["in1.lane.state"], 1)


async def test_figures_about_recording_are_not_recorded() -> None:
    assert await recorded({"site.tag_changes": 7, "site.history_points": 7}) == (["in1.lane.state"], 1)

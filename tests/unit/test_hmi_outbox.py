"""The reader of the plant's bridge never waits for browsers: what they are too slow for is merged by tag."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from hmi.control.outbox import Outbox
from scada.bridge import Message

LIMIT_S = 30.0


def batch(at: int, **values: int) -> Message:
    """Give a batch as the plant tells it."""
    return {"seq": at, "at": f"{at}", "changes": [[name, value, 0, f"{at}"] for name, value in values.items()]}


@dataclass
class Screens:
    """Browsers that take nothing until they are let; `taken` is what they were told, in order."""

    taken: list[tuple[str, object]] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)
    busy: threading.Event = field(default_factory=threading.Event)
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    fails: bool = False

    def on_snapshot(self, told: Message) -> None:
        self._take("snapshot", told["at"])

    def on_changes(self, told: Message) -> None:
        changes = told["changes"]
        assert isinstance(changes, list)
        self._take(f"changes {told['at']}", {change[0]: change[1] for change in changes})

    def on_link(self, site: Mapping[str, object] | None) -> None:
        self._take("link", site)

    def _take(self, what: str, content: object) -> None:
        self.busy.set()
        assert self.ready.wait(LIMIT_S)
        self.taken.append((what, content))
        self.done.release()
        if self.fails:
            self.fails = False
            raise ValueError("as if a batch were broken")

    def until(self, count: int) -> list[tuple[str, object]]:
        """Give what they were told when they were told so often."""
        for _ in range(count):
            assert self.done.acquire(timeout=LIMIT_S)
        return self.taken


@pytest.fixture
def screens() -> Screens:
    return Screens()


@pytest.fixture
def outbox(screens: Screens) -> Iterator[Outbox]:
    made = Outbox(screens)
    made.start()
    yield made
    screens.ready.set()
    made.stop()


def occupy(outbox: Outbox, screens: Screens) -> None:
    """Let the screens be busy with a first batch."""
    outbox.on_changes(batch(1, first=1))
    assert screens.busy.wait(LIMIT_S)


def test_while_screens_are_busy_what_comes_is_one_batch_of_the_newest_values(outbox: Outbox, screens: Screens) -> None:
    occupy(outbox, screens)
    for number in range(2, 200):
        outbox.on_changes(batch(number, up=number, only_once=7) if number == 2 else batch(number, up=number))
    screens.ready.set()
    assert screens.until(2) == [("changes 1", {"first": 1}), ("changes 199", {"up": 199, "only_once": 7})]


def test_screens_that_keep_up_get_every_batch(outbox: Outbox, screens: Screens) -> None:
    screens.ready.set()
    for number in (1, 2, 3):
        outbox.on_changes(batch(number, up=number))
        screens.until(1)
    assert [what for what, _ in screens.taken] == ["changes 1", "changes 2", "changes 3"]


def test_a_heartbeat_is_handed_on_too(outbox: Outbox, screens: Screens) -> None:
    screens.ready.set()
    outbox.on_changes(batch(4))
    assert screens.until(1) == [("changes 4", {})]


def test_a_snapshot_makes_what_waits_before_it_worthless_and_not_what_comes_after(
    outbox: Outbox, screens: Screens
) -> None:
    occupy(outbox, screens)
    outbox.on_changes(batch(2, up=2))
    outbox.on_snapshot({"seq": 3, "at": "3", "tags": []})
    outbox.on_changes(batch(4, up=4))
    screens.ready.set()
    assert screens.until(3)[1:] == [("snapshot", "3"), ("changes 4", {"up": 4})]


def test_after_the_loss_of_the_plant_no_value_of_before_is_shown_as_live(outbox: Outbox, screens: Screens) -> None:
    occupy(outbox, screens)
    outbox.on_changes(batch(2, up=2))
    outbox.on_link(None)
    screens.ready.set()
    assert screens.until(2)[1:] == [("link", None)]


def test_a_plant_that_is_back_is_told_before_what_it_says(outbox: Outbox, screens: Screens) -> None:
    occupy(outbox, screens)
    outbox.on_link(None)
    outbox.on_link({"id": "demo"})
    outbox.on_snapshot({"seq": 1, "at": "1", "tags": []})
    screens.ready.set()
    assert screens.until(3)[1:] == [("link", {"id": "demo"}), ("snapshot", "1")]


def test_one_batch_that_fails_does_not_end_the_telling(outbox: Outbox, screens: Screens) -> None:
    screens.fails = True
    screens.ready.set()
    outbox.on_changes(batch(1, up=1))
    screens.until(1)
    outbox.on_changes(batch(2, up=2))
    assert screens.until(1)[1:] == [("changes 2", {"up": 2})]

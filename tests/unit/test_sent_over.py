"""What a plant elsewhere reads for a page: waited for, fetched whole, taken away, and said in words where it fails."""

import base64
import json
from dataclasses import dataclass, field

import pytest

from hmi.control.sites.away import Away
from scada.bridge import Message, Refused, Reply, Unknown, Value
from tests.support.hmi_pages import ControlRoom, shipped

TRENDS = "/api/v1/trends?tag=site.stays_open&since=2026-03-01T08:00:00Z&until=2026-03-01T09:00:00Z&pixels=10"
CSV = TRENDS.replace("trends?", "trends.csv?")
SERIES = [{"tag": "site.stays_open", "points": [1], "mean": [7.0]}]


@dataclass
class Far:
    """A plant elsewhere that has read `content` after so many looks, and gives it in parts of `part` bytes."""

    content: bytes = json.dumps(SERIES).encode()
    looks: int = 2
    part: int = 10
    error: str = ""
    lost_after: int = 1_000_000
    dropped: list[str] = field(default_factory=list)

    def begin(self, _args: Message) -> Reply:
        return Value(self._told())

    def look(self, args: Message) -> Reply:
        assert args == {"job": "j1"}
        self.looks -= 1
        return Value(self._told())

    def _told(self) -> Message:
        state = "making" if self.looks else "failed" if self.error else "made"
        return {"job": "j1", "state": state, "why": self.error, "name": "x", "bytes": len(self.content)}

    def give(self, args: Message) -> Reply:
        offset = args["offset"]
        assert isinstance(offset, int)
        if offset >= self.lost_after:
            return Unknown("the link to the plant is lost")
        return Value({"part_b64": base64.b64encode(self.content[offset : offset + self.part]).decode()})

    def drop(self, args: Message) -> Reply:
        self.dropped.append(str(args["job"]))
        return Value({})


def room_of(far: Far, monkeypatch: pytest.MonkeyPatch) -> ControlRoom:
    room = ControlRoom("manager", away=Away("north", shipped()))

    def sleep(seconds: float) -> None:
        room.seconds.now += seconds

    monkeypatch.setattr("hmi.control.sites.sentover.time.sleep", sleep)
    room.plant.verbs |= dict.fromkeys(("read_trends", "read_points", "read_replay"), far.begin)
    room.plant.verbs |= {"reading_made": far.look, "reading_part": far.give, "stop_reading": far.drop}
    room.plant.verbs["trends"] = lambda _args: Value({"site.stays_open": "cars"})
    room.sign_in()
    return room


def test_a_trend_is_waited_for_fetched_in_parts_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Far()
    room = room_of(far, monkeypatch)
    answer = room.get(TRENDS)
    assert (answer.status_code, answer.json) == (200, {"series": [{**SERIES[0], "unit": "cars"}]})
    assert far.dropped == ["j1"]
    assert room.plant.asks("read_trends")[0]["pixels"] == 10


def test_what_cannot_be_read_there_is_said_and_what_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = room_of(Far(error="the history cannot be read"), monkeypatch).get(TRENDS)
    assert (answer.status_code, answer.json) == (503, {"why": "the history cannot be read"})
    answer = room_of(Far(looks=10_000), monkeypatch).get(TRENDS)
    assert (answer.status_code, answer.json) == (503, {"why": "it took too long: ask for fewer days"})
    room = room_of(Far(), monkeypatch)
    room.plant.verbs["read_replay"] = lambda _args: Refused("refused", "many histories are being read: wait")
    assert room.get("/api/v1/passages/p1/replay").status_code == 409


@pytest.mark.parametrize("broken", [Far(lost_after=20), Far(part=0)], ids=["link lost", "less than it said"])
def test_a_trend_that_does_not_come_whole_is_none_and_a_file_says_that_it_is_not_whole(
    broken: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = room_of(broken, monkeypatch)
    assert room.get(TRENDS).status_code in (503, 504)
    broken.looks = 1
    file = room.get(CSV)
    assert file.status_code == 200
    assert "# the rest cannot be read" in file.text.splitlines()[-1]


def test_a_passage_that_no_lane_has_recorded_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_of(Far(content=b"null"), monkeypatch)
    assert room.get("/api/v1/passages/p1/replay?purpose=a+claim").status_code == 404
    assert room.plant.asks("read_replay") == [{"passage": "p1", "purpose": "a claim"}]

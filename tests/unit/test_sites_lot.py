"""The card of a car park on the wall: what is not believed is not shown as a number, and silence is never live."""

from hypothesis import given
from hypothesis import strategies as st

from hmi.control.live import Snapshot
from hmi.control.sites.lot import STALE_S, believed, lot_of, without_money, word_of

AT = "2026-11-26T08:10:00+00:00"
SITE = {"lanes": [{"name": "in1", "title": "1号入口", "title_en": "Entry 1", "direction": "entry"}]}
BAD, FORCED = 0x80050000, 0x00960000
TAGS: dict[str, object] = {
    "in1.lane.state": "idle", "in1.mode.now": 1, "in1.help.state": "", "site.cases_open": 2,
    "site.cases_oldest": "2026-11-26T08:08:30+00:00", "site.cases_unanswered": 1, "site.alarms_p1": 0,
    "site.alarms_p2": 3, "site.alarms_p3": 0, "site.alarms_p4": 1, "site.alarms_sounding": 2, "site.stays_open": 41,
    "zone.lot.cars": 40, "zone.lot.free": 960, "zone.lot.drift": 1, "site.today_fen": 12_300, "site.today_payments": 9,
}  # fmt: skip


def told(up: bool = True, status: int = 0, **changed: object) -> Snapshot:
    tags = {**TAGS, **{name.replace("__", "."): value for name, value in changed.items()}}
    return Snapshot(at=AT, up=up, site=SITE, tags=[[name, value, status, AT] for name, value in tags.items()])


def test_a_card_says_how_a_car_park_stands() -> None:
    lot = lot_of("north", told(), 0.2, "")
    assert (lot["link"], lot["lanes"][0]["word"], lot["words"]) == ("live", "idle", {"idle": 1})
    assert lot["cases"] == {"open": 2, "unanswered": 1, "oldest_s": 90}
    assert lot["alarms"] == [0, 3, 0, 1]
    assert lot["zones"] == [{"name": "lot", "cars": 40, "free": 960, "drift": 1}]
    assert (lot["inside"], lot["money"]) == (41, {"fen": 12_300, "payments": 9})
    assert without_money(lot)["money"] is None


def test_what_is_not_believed_is_unknown_and_never_a_zero() -> None:
    lot = lot_of("north", told(status=BAD), 0.2, "")
    assert lot["cases"] == {"open": None, "unanswered": None, "oldest_s": None}
    assert lot["alarms"] == [None] * 4
    assert (lot["lanes"][0]["word"], lot["zones"], lot["money"]) == ("unknown", [], {"fen": None, "payments": None})
    assert lot_of("north", told(status=FORCED), 0.2, "")["inside"] == 41


@given(st.floats(0, 1e6), st.booleans())
def test_only_a_plant_that_is_linked_and_was_heard_within_two_seconds_is_live(silent_s: float, up: bool) -> None:
    link = lot_of("north", told(up=up), silent_s, "")["link"]
    assert (link == "live") == (up and silent_s <= STALE_S)
    assert link in ("live", "stale", "away")


def test_a_plant_that_was_never_heard_has_no_age() -> None:
    nothing = Snapshot(at=None, up=False, site=None, tags=[])
    lot = lot_of("north", nothing, None, "Connection refused")
    assert (lot["link"], lot["silent_s"], lot["why"], lot["lanes"]) == ("never", None, "Connection refused", [])


def test_a_lane_says_first_what_calls_for_a_person() -> None:
    assert word_of("passing", 1, "calling") == "person"
    assert word_of("awaiting_operator", 3, "") == "person"
    assert word_of("faulted", 1, "") == "fault"
    assert word_of("idle", 2, "") == "mode"
    assert word_of("passing", 1, "") == "busy"
    assert word_of("idle", None, "") == word_of(None, 1, "") == "unknown"


def test_only_good_values_are_believed() -> None:
    assert believed([["a", 1, 0, AT], ["b", 2, BAD, AT], ["c", 3, FORCED, AT], ["d", 4, None, None]]) == {
        "a": 1,
        "c": 3,
    }

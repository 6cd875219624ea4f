"""What past stays would have cost under a draft: the sums, who pays more, what cannot be priced."""

import json
from datetime import timedelta

from billing.drafts.reprice import EVERY, SHOWN, Past, Repricer
from billing.tariff import ALONE, ANY_CAR, NO_TABLE, GoesOn, Tariff
from scada.model.money import Fen
from tests.support.tariffs import ROW, SHANGHAI, Terms, local, simple_tariff

OWN = simple_tariff()
DEAR = simple_tariff(fixed_interval_rule=[{**ROW, "interval_amount": 600}])
NEW_YEAR: Terms = {"day_type_mode": "DAY_TYPE_OF_UNIT", "holiday_mode": "HOLIDAY_MODE_LEGAL_MODY"}


def past(number: int, entry: str, minutes: int, own: Tariff = OWN, plate: str = "", goes_on: GoesOn = ALONE) -> Past:
    at = local(entry)
    until = at + timedelta(minutes=minutes)
    return Past(f"s{number}", plate or f"京A{number}", "park", ANY_CAR, at, until, json.dumps(own.terms()), goes_on)


def test_sums_are_told_by_day_and_by_length_and_agree() -> None:
    stays = [past(1, "10:00", 10), past(2, "23:00", 90), past(3, "10:00", 61), past(4, "10:00", 5000)]
    told = Repricer(DEAR, SHANGHAI, NO_TABLE).reprice(stays).to_json()
    assert {key: told[key] for key in ("stays", "dearer", "cheaper", "now_fen", "draft_fen", "difference_fen")} == {
        "stays": 4,
        "dearer": 2,
        "cheaper": 0,
        "now_fen": 2000 + 4000 * 3 + 4000,
        "draft_fen": 2400 + 4000 * 3 + 4000,
        "difference_fen": 400,
    }
    for table in ("by_day", "by_length"):
        rows = told[table]
        assert isinstance(rows, list)
        assert sum(row["difference_fen"] for row in rows) == told["difference_fen"]
        assert sum(row["stays"] for row in rows) == 4
    assert [row["up_to_minutes"] for row in told["by_length"]] == [15, 120, None]  # type: ignore[attr-defined]
    assert [row["day"] for row in told["by_day"]] == ["2026-03-03", "2026-03-04", "2026-03-06"]  # type: ignore[attr-defined]


def test_those_whose_price_moves_most_are_named_the_first_of_them_first() -> None:
    stays = [past(number, "08:00", 60 * (number % 7 + 1)) for number in range(40)]
    dearer = Repricer(DEAR, SHANGHAI, NO_TABLE).reprice(stays).to_json()
    moved = [row["difference_fen"] for row in dearer["losers"]]  # type: ignore[attr-defined]
    assert moved == sorted(moved, reverse=True)
    assert (len(moved), moved[0], dearer["winners"]) == (SHOWN, 600, [])
    swapped = [past(number, "08:00", 60 * (number % 7 + 1), DEAR) for number in range(40)]
    cheaper = Repricer(OWN, SHANGHAI, NO_TABLE).reprice(swapped).to_json()
    saved = [(row["difference_fen"], row["draft_fen"] - row["now_fen"]) for row in cheaper["winners"]]  # type: ignore[attr-defined]
    assert saved == [(-one, -one) for one in moved]
    assert cheaper["losers"] == []


def test_a_stay_that_cannot_be_priced_is_counted_with_its_reason_and_the_others_are_priced() -> None:
    days = [{**ROW, "day_type": day} for day in ("DAY_TYPE_WEEKDAY", "DAY_TYPE_HOLIDAY")]
    refuses = simple_tariff(
        fixed_interval_rule=days, straddle="STRADDLE_EARLIER", holiday_missing="HOLIDAY_MISSING_REFUSE", **NEW_YEAR
    )
    found = Repricer(refuses, SHANGHAI, NO_TABLE).reprice([past(1, "10:00", 60), past(2, "10:00", 60)])
    assert found.whole.stays == 0
    assert found.to_json()["not_priced"] == [
        {"why": "holidays of 2026: the table is missing; run: daozha holidays seed 2026", "stays": 2}
    ]
    broken = past(3, "10:00", 60)
    kept = Past("s3", "", "", ANY_CAR, broken.entered_at, broken.exited_at, json.dumps({"name": "?"}))
    mixed = Repricer(DEAR, SHANGHAI, NO_TABLE).reprice([past(1, "10:00", 60), kept])
    assert (mixed.whole.stays, mixed.not_priced.total()) == (1, 1)


def test_a_draft_under_which_stays_go_on_charges_both_as_one() -> None:
    draft = simple_tariff(reentry_mode="REENTRY_GAP_CHARGED", reentry_duration=20)
    twice = [past(1, "10:00", 30, plate="京A1"), past(2, "10:40", 20, plate="京A1"), past(3, "12:00", 10, plate="京A1")]
    found = Repricer(draft, SHANGHAI, NO_TABLE).reprice(twice).whole
    assert (found.now_fen, found.draft_fen) == (1000, 500)


def test_a_stay_that_went_on_is_priced_as_it_was_and_alone_under_a_draft_that_knows_nothing_of_it() -> None:
    own = simple_tariff(reentry_mode="REENTRY_GAP_CHARGED", reentry_duration=20)
    first, back = local("10:00"), local("10:40")
    goes_on = GoesOn(first, ((local("10:30"), back),), Fen(500))
    found = Repricer(OWN, SHANGHAI, NO_TABLE).reprice([past(2, "10:40", 30, own, goes_on=goes_on)]).whole
    assert (found.now_fen, found.draft_fen) == (500, 500)
    again = Repricer(OWN, SHANGHAI, NO_TABLE).reprice([past(2, "10:40", 15, own, goes_on=goes_on)]).whole
    assert (again.now_fen, again.draft_fen) == (0, 0)


def test_it_tells_how_far_it_is() -> None:
    told: list[int] = []
    Repricer(DEAR, SHANGHAI, NO_TABLE).reprice((past(1, "10:00", 60) for _ in range(EVERY + 5)), told.append)
    assert told == [EVERY, EVERY + 5]

"""When reports are due that are sent by themselves: each period once, none left out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scada.engine.reporting.calendar import MADE_UP, Every, Period, before, newest, next_due, owed, pause
from scada.settings.reports import Mail, ReportSchedule

SHANGHAI = ZoneInfo("Asia/Shanghai")


def schedule(every: Every = "day", at: str = "06:00") -> ReportSchedule:
    return ReportSchedule(name="morning", reports=("openings",), every=every, at=at, folder="out")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("every", "day", "first", "last"),
    [
        ("day", "2026-05-01", "2026-04-30", "2026-04-30"),
        ("week", "2026-05-04", "2026-04-27", "2026-05-03"),
        ("week", "2026-05-10", "2026-04-27", "2026-05-03"),
        ("month", "2026-03-01", "2026-02-01", "2026-02-28"),
        ("month", "2026-01-31", "2025-12-01", "2025-12-31"),
    ],
)
def test_a_period_is_over_before_its_reports_are_made(every: Every, day: str, first: str, last: str) -> None:
    assert before(date.fromisoformat(day), every) == Period(date.fromisoformat(first), date.fromisoformat(last))


def test_reports_are_due_at_their_time_of_the_day_after_by_the_sites_clock() -> None:
    assert newest(schedule(), local("2026-05-02T05:59"), SHANGHAI).last == date(2026, 4, 30)
    assert newest(schedule(), local("2026-05-02T06:00"), SHANGHAI).last == date(2026, 5, 1)
    assert newest(schedule("month"), local("2026-05-01T05:59"), SHANGHAI).last == date(2026, 3, 31)
    assert newest(schedule("month"), local("2026-05-02T05:59"), SHANGHAI).last == date(2026, 4, 30)
    assert next_due(schedule(), local("2026-05-02T05:59"), SHANGHAI) == local("2026-05-02T06:00")
    assert next_due(schedule("week"), local("2026-05-04T06:00"), SHANGHAI) == local("2026-05-11T06:00")


def test_a_new_schedule_begins_with_its_newest_period_and_one_that_stood_still_makes_up_for_what_it_missed() -> None:
    now = local("2026-05-10T12:00")
    assert owed(schedule(), (), now, SHANGHAI) == [Period(date(2026, 5, 9), date(2026, 5, 9))]
    missed = owed(schedule(), [date(2026, 5, 1), date(2026, 5, 6)], now, SHANGHAI)
    assert [period.first.day for period in missed] == [7, 8, 9]
    assert owed(schedule(), [date(2026, 5, 9)], now, SHANGHAI) == []
    assert len(owed(schedule(), [date(2020, 1, 1)], now, SHANGHAI)) == MADE_UP["day"]


@given(
    every=st.sampled_from(["day", "week", "month"]),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - hypothesis takes them so
    pauses=st.lists(st.integers(1, 40 * 24), min_size=1, max_size=30),
)
def test_whenever_somebody_looks_every_period_comes_once_and_none_is_left_out(
    every: Every, start: datetime, pauses: list[int]
) -> None:
    now, known = start.replace(tzinfo=UTC), list[date]()
    for hours in pauses:
        for period in owed(schedule(every), known, now, SHANGHAI):
            assert period.first not in known
            if known and every != "day":
                assert before(period.first, every).first == max(known), "none is left out"
            known.append(period.first)
        now += timedelta(hours=hours)
    assert len(known) == len(set(known))


def test_tries_come_ever_more_seldom() -> None:
    assert [pause(tries) / timedelta(minutes=1) for tries in (1, 2, 3, 6, 50)] == [1, 2, 5, 60, 60]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"reports": ["nothing"]}, "there is no report 'nothing'"),
        ({"folder": None}, "goes nowhere"),
        ({"at": "6:00"}, "a time of the day"),
        ({"at": "25:00"}, "hour must be in"),
        ({"formats": ["docx"]}, "Input should be"),
        ({"to": ["nobody"]}, "should match pattern"),
        ({"to": ["a@b, c@d"]}, "should match pattern"),
        ({"every": "hour"}, "Input should be"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_told(keys: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ReportSchedule.model_validate({"name": "morning", "reports": ["openings"], "folder": "out", **keys})


def test_a_password_is_never_sent_in_the_open() -> None:
    with pytest.raises(ValidationError, match="with TLS only"):
        Mail(host="mail", sender="a@b", user="a", password_file="p", tls="none")
    with pytest.raises(ValidationError, match="belong together"):
        Mail(host="mail", sender="a@b", user="a")

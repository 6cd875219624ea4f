"""Whatever happens at the lanes: who parts the plain cars from the rest tells the same as who looks at every one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from scada.reports.openings import Row, reckon
from scada.reports.plain import Parted, part, rest
from scada.reports.stories import Facts, Opened, Passed, Rise, StayChange
from tests.support.lanebooks import books_of

ZONE = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2026, 5, 1, 6, tzinfo=UTC)
LANES = ("in1", "out1")
lanes, numbers = st.sampled_from(LANES), st.integers(0, 6)
minutes = st.integers(0, 200)
causes = st.sampled_from(["AUTHORISED", "AUTHORISED", "HOLD_OPEN", "REOPEN", "BUTTON", "UNKNOWN"])
states = st.sampled_from(["DONE", "DONE", "UNKNOWN", "NOT_DONE"])
outcomes = st.sampled_from(["FORWARD", "FORWARD", "TAILGATE", "BACKED_OUT"])
notes = st.sampled_from(["", "", "NO_PLATE", "OPEN_LANE"])
spoiled = st.tuples(st.sampled_from(["rise", "command", "passage", "change"]), st.sampled_from(["lost", "twice"]))


def at(minute: float) -> datetime:
    return BEGAN + timedelta(minutes=minute)


@st.composite
def cars(draw: st.DrawFn) -> Facts:
    """Cars one after another, most of them plain, some with a part lost or told twice; and whatever else may be."""
    rises: list[Rise] = []
    commands: list[Opened] = []
    passages: list[Passed] = []
    changes: list[StayChange] = []
    clock, count, number = 0.0, dict.fromkeys(LANES, 0), dict.fromkeys(LANES, 0)
    for _ in range(draw(st.integers(0, 14))):
        lane = draw(lanes)
        clock += draw(st.sampled_from([0.5, 3, 20]))
        count[lane] += draw(st.sampled_from([1, 1, 1, 1, 1, 0, 2]))
        number[lane] += draw(st.sampled_from([1, 1, 1, 1, 0]))
        of, n = f"{lane}-{len(passages)}", number[lane]
        wrong = draw(st.none() | st.none() | st.lists(spoiled, max_size=2))
        times = dict.fromkeys(("rise", "command", "passage", "change"), 1)
        times |= {part: 2 if how == "twice" else 0 for part, how in wrong or ()}
        cause = draw(causes) if wrong is not None else "AUTHORISED"
        rises += [Rise(lane, count[lane], cause, n if cause == "AUTHORISED" else draw(numbers), at(clock))] * times[
            "rise"
        ]
        commands += [Opened(lane, n, draw(states) if wrong else "DONE", at(clock))] * times["command"]
        went = Passed(of, lane, n, draw(outcomes) if wrong else "FORWARD", draw(notes), at(clock - 1), at(clock + 0.7))
        passages += [went._replace(id=f"{of}{nth}") for nth in range(times["passage"])]
        ending = draw(st.sampled_from([None, "EXIT"]))
        changes += [StayChange(lane if not wrong else draw(lanes), f"{of}0", ending, at(clock + 1))] * times["change"]
    passages.sort(key=lambda one: (one.ended_at, one.number))
    return Facts(rises, commands, passages, changes)


def told(parted: Parted) -> Sequence[Row]:
    return reckon(parted, ZONE, BEGAN - timedelta(days=1), BEGAN + timedelta(days=2))


@settings(max_examples=150, deadline=None)
@given(cars())
def test_what_is_told_without_a_look_at_plain_cars_is_what_a_look_at_each_would_tell(facts: Facts) -> None:
    books = books_of(facts, ZONE)
    every = Parted(books, frozenset(), rest(books, frozenset()))
    assert told(part(books)) == told(every)


def test_most_cars_are_plain() -> None:
    facts = Facts(
        [Rise("out1", n, "AUTHORISED", n, at(n)) for n in range(1, 10)],
        [Opened("out1", n, "DONE", at(n)) for n in range(1, 10)],
        [Passed(f"out1-{n}", "out1", n, "FORWARD", "", at(n), at(n + 0.5)) for n in range(1, 10)],
        [StayChange("out1", f"out1-{n}", "EXIT", at(n + 0.6)) for n in range(1, 10)],
    )
    parted = part(books_of(facts, ZONE))
    assert parted.plain == {("out1", n) for n in range(1, 9)}, "all but the newest, by which others are told"
    assert [one.number for one in parted.facts.rises] == [9]

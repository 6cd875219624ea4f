"""What must hold of an alarm whatever happens in whatever order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scada.model.alarm.machine import (
    Acknowledge,
    Change,
    Event,
    NotNow,
    Occurred,
    Reset,
    Seen,
    Shelve,
    Suppress,
    TakeOut,
    TimePassed,
    Unshelve,
    Worsened,
    due_s,
    step,
)
from scada.model.alarm.memory import Design, Memory, Moment, State

T0 = datetime(2026, 11, 26, 10, tzinfo=UTC)
SECONDS = st.sampled_from([0.0, 0.1, 1.0, 5.0, 60.0])
DESIGNS = st.builds(
    Design,
    on_delay_s=SECONDS,
    off_delay_s=SECONDS,
    count=st.sampled_from([0, 0, 3]),
    latching=st.booleans(),
    auto_ack=st.booleans(),
    once=st.booleans(),
    re_alarm_s=st.sampled_from([0.0, 30.0]),
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Seen, st.sampled_from([True, False, None])),
    st.builds(Occurred, st.integers(1, 3)),
    st.just(TimePassed()),
    st.just(Worsened()),
    st.just(Acknowledge()),
    st.just(Reset()),
    st.builds(Shelve, st.one_of(st.none(), st.integers(-60, 3600).map(lambda s: T0 + timedelta(seconds=s)))),
    st.just(Unshelve()),
    st.builds(Suppress, st.booleans()),
    st.builds(TakeOut, st.booleans()),
)
STORIES = st.lists(st.tuples(SECONDS, EVENTS), max_size=30)


@settings(max_examples=300, deadline=None)
@given(DESIGNS, STORIES)
def test_an_alarm_keeps_its_laws(design: Design, story: list[tuple[float, Event]]) -> None:
    memory, s = Memory(), 0.0
    for passed_s, event in story:
        s += passed_s
        now = Moment(T0 + timedelta(seconds=s), s)
        done = step(memory, design, event, now)
        if isinstance(done, NotNow):
            assert isinstance(event, Acknowledge | Reset | Shelve | Unshelve | TakeOut)
            continue
        before, memory = memory, done.memory
        _check(before, memory, design, event, done.changes)
        due = due_s(memory, design, now)
        assert due is None or due > 0, "what is due has been done"


def _check(before: Memory, after: Memory, design: Design, event: Event, changes: tuple[Change, ...]) -> None:
    person = isinstance(event, Acknowledge)
    covered = before.is_covered or after.is_covered
    came, went = changes.count(Change.RAISED), changes.count(Change.RETURNED)
    assert came - went == after.active - before.active, "what comes and goes is told"
    if before.unacked and not after.unacked:
        assert person or covered or design.auto_ack, "nobody but a person acknowledges"
    if after.state is State.UNACK and before.state is State.ACKED and not covered:
        assert {Change.CALLED_AGAIN, Change.RAISED} & set(changes), "an acknowledged alarm does not call by itself"
    if isinstance(event, Seen) and event.holds is None:
        assert after.active is before.active or changes[1:], "what is not known changes nothing"
    if after.sounds and not before.sounds:
        assert {Change.RAISED, Change.ANNOUNCED, Change.CALLED_AGAIN} & set(changes), "a sound has a cause"
    if after.is_covered:
        assert not after.sounds
    if before.latched and not after.latched:
        assert isinstance(event, Reset) or Change.RAISED in changes

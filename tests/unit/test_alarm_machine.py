"""The alarm machine, row by row of the table of `hmi.md` §3, and the defects of others that it must not have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

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
from scada.model.alarm.memory import Design, Memory, Moment, Shelf, State

T0 = datetime(2026, 11, 26, 10, tzinfo=UTC)
PLAIN, LATCHING = Design(), Design(latching=True)
NORM = Memory()
UNACK = Memory(active=True, unacked=True, seen=True)
ACKED = Memory(active=True, seen=True)
RTNUN = Memory(unacked=True)
LTCH = Memory(latched=True)
HOUR = timedelta(hours=1)
ON_SHELF = Shelf(T0 + HOUR)
ONCE = Shelf(T0 + HOUR, one_shot=True)
QUIET = replace(RTNUN, suppressed=True)
CALM = replace(NORM, out_of_service=True)
OUT = replace(ACKED, out_of_service=True)
BEHIND = replace(ACKED, suppressed=True)


def at(s: float) -> Moment:
    return Moment(T0 + timedelta(seconds=s), s)


def after(memory: Memory, *events: tuple[float, Event], design: Design = PLAIN) -> Memory:
    """Let events act, each at its second."""
    for s, event in events:
        done = step(memory, design, event, at(s))
        assert not isinstance(done, NotNow), done
        memory = done.memory
    return memory


def changes(memory: Memory, s: float, event: Event, design: Design = PLAIN) -> tuple[Change, ...]:
    done = step(memory, design, event, at(s))
    assert not isinstance(done, NotNow), done
    return done.changes


ROWS: list[tuple[str, Memory, Design, list[tuple[float, Event]], State]] = [
    ("NORM, condition true through the on-delay", NORM, Design(on_delay_s=5),
     [(0, Seen(True)), (4.9, TimePassed()), (5, TimePassed())], State.UNACK),
    ("NORM, condition true for less than the on-delay", NORM, Design(on_delay_s=5),
     [(0, Seen(True)), (4.9, Seen(False)), (9, TimePassed())], State.NORM),
    ("UNACK, acknowledge", UNACK, PLAIN, [(0, Acknowledge())], State.ACKED),
    ("UNACK, condition false through the off-delay", UNACK, Design(off_delay_s=3),
     [(0, Seen(False)), (3, TimePassed())], State.RTNUN),
    ("UNACK, condition false for less than the off-delay", UNACK, Design(off_delay_s=3),
     [(0, Seen(False)), (2, Seen(True)), (9, TimePassed())], State.UNACK),
    ("UNACK, condition false, auto-ack", UNACK, Design(auto_ack=True), [(0, Seen(False))], State.NORM),
    ("ACKED, condition false through the off-delay", ACKED, PLAIN, [(0, Seen(False))], State.NORM),
    ("ACKED, condition false, latching", replace(ACKED, latched=True), LATCHING, [(0, Seen(False))], State.LTCH),
    ("ACKED, re-alarm timer", ACKED, Design(re_alarm_s=60), [(0, TimePassed()), (60, TimePassed())], State.UNACK),
    ("ACKED, next limit or higher priority", ACKED, PLAIN, [(0, Worsened())], State.UNACK),
    ("RTNUN, acknowledge", RTNUN, PLAIN, [(0, Acknowledge())], State.NORM),
    ("RTNUN, acknowledge, latching", replace(RTNUN, latched=True), LATCHING, [(0, Acknowledge())], State.LTCH),
    ("RTNUN, condition true", RTNUN, PLAIN, [(0, Seen(True))], State.UNACK),
    ("LTCH, reset while the condition is false", LTCH, LATCHING, [(0, Reset())], State.NORM),
    ("LTCH, condition true", LTCH, LATCHING, [(0, Seen(True))], State.UNACK),
    ("NORM, shelve", NORM, PLAIN, [(0, Shelve(T0 + HOUR))], State.SHLVD),
    ("UNACK, shelve", UNACK, PLAIN, [(0, Shelve(T0 + HOUR))], State.SHLVD),
    ("SHLVD, time over, condition true", replace(ACKED, shelf=ON_SHELF), PLAIN, [(3600, TimePassed())], State.UNACK),
    ("SHLVD, time over, condition false", replace(RTNUN, shelf=ON_SHELF), PLAIN, [(3600, TimePassed())], State.NORM),
    ("SHLVD, unshelve, condition true", replace(ACKED, shelf=ON_SHELF), PLAIN, [(0, Unshelve())], State.UNACK),
    ("SHLVD, unshelve, condition false", replace(NORM, shelf=ON_SHELF), PLAIN, [(0, Unshelve())], State.NORM),
    ("SHLVD one-shot, condition false", replace(UNACK, shelf=ONCE), PLAIN, [(0, Seen(False))], State.NORM),
    ("any, suppression true", UNACK, PLAIN, [(0, Suppress(True))], State.DSUPR),
    ("any, suppression false, condition true", BEHIND, PLAIN, [(0, Suppress(False))], State.UNACK),
    ("any, suppression false, condition false", QUIET, PLAIN, [(0, Suppress(False))], State.NORM),
    ("any, remove from service", ACKED, PLAIN, [(0, TakeOut(True))], State.OOSRV),
    ("any, place in service, condition true", OUT, PLAIN, [(0, TakeOut(False))], State.UNACK),
    ("any, place in service, condition false", CALM, PLAIN, [(0, TakeOut(False))], State.NORM),
]  # fmt: skip


@pytest.mark.parametrize(
    ("memory", "design", "events", "state"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_the_table_holds_row_by_row(
    memory: Memory, design: Design, events: list[tuple[float, Event]], state: State
) -> None:
    assert after(memory, *events, design=design).shown is state


def test_the_overlays_are_named_in_their_order_and_leaving_one_under_another_announces_nothing() -> None:
    covered = replace(UNACK, shelf=ON_SHELF, suppressed=True, out_of_service=True)
    assert covered.shown is State.OOSRV
    back = after(covered, (0, TakeOut(False)))
    assert (back.shown, back.sounds) == (State.DSUPR, False)
    assert Change.ANNOUNCED not in changes(back, 1, Suppress(False))
    shelved = after(back, (1, Suppress(False)))
    assert (shelved.shown, shelved.sounds) == (State.SHLVD, False)
    assert changes(shelved, 2, Unshelve()) == (Change.UNSHELVED, Change.ANNOUNCED)


def test_under_an_overlay_the_condition_goes_on_being_evaluated() -> None:
    shelved = after(NORM, (0, Shelve(T0 + HOUR)))
    assert changes(shelved, 1, Seen(True)) == (Change.RAISED,)
    raised = after(shelved, (1, Seen(True)))
    assert (raised.active, raised.shown, raised.sounds) == (True, State.SHLVD, False)
    assert after(raised, (2, Seen(False))).active is False


def test_a_shelf_until_it_has_returned_ends_at_the_latest_when_any_would() -> None:
    most = PLAIN.shelve_most.total_seconds()
    shelved = after(UNACK, (0, Shelve(None)))
    assert due_s(shelved, PLAIN, at(100)) == pytest.approx(most - 100)
    assert after(shelved, (most - 1, TimePassed())).shown is State.SHLVD
    assert changes(shelved, most, TimePassed()) == (Change.UNSHELVED, Change.ANNOUNCED)
    assert after(shelved, (60, Seen(False))).shelf is None


def test_a_shelf_ends_by_time_alone_and_no_later_than_it_may() -> None:
    shelved = after(UNACK, (0, Shelve(T0 + timedelta(minutes=5))))
    assert due_s(shelved, PLAIN, at(100)) == pytest.approx(200)
    assert after(shelved, (300, TimePassed())).shown is State.UNACK
    too_long = step(UNACK, PLAIN, Shelve(T0 + timedelta(hours=9)), at(0))
    assert too_long == NotNow("it may be shelved for 480 min at most")
    assert isinstance(step(UNACK, PLAIN, Shelve(T0), at(0)), NotNow)
    assert isinstance(step(NORM, PLAIN, Shelve(None), at(0)), NotNow)


def test_a_condition_that_is_not_known_holds_the_state_and_its_delays_stand_still() -> None:
    design = Design(on_delay_s=5, off_delay_s=5)
    begun = after(NORM, (0, Seen(True)), (3, Seen(None)), (100, TimePassed()), design=design)
    assert (begun.state, begun.unknown, begun.waited_s) == (State.NORM, True, 3)
    assert due_s(begun, design, at(100)) is None
    known = after(begun, (100, Seen(True)), (101.9, TimePassed()), design=design)
    assert (known.state, known.unknown) == (State.NORM, False)
    assert after(known, (102, TimePassed()), design=design).state is State.UNACK
    held = after(UNACK, (0, Seen(None)), (1000, TimePassed()), design=design)
    assert (held.state, held.unknown) == (State.UNACK, True)


def test_an_acknowledged_alarm_is_never_unacknowledged_on_its_return() -> None:
    assert changes(ACKED, 1, Seen(False)) == (Change.RETURNED,)
    assert after(ACKED, (1, Seen(False))).state is State.NORM


def test_an_active_alarm_can_be_acknowledged_also_under_an_overlay_and_only_once() -> None:
    assert after(replace(UNACK, suppressed=True), (0, Acknowledge())).unacked is False
    assert step(ACKED, PLAIN, Acknowledge(), at(0)) == NotNow("there is nothing to acknowledge")
    assert isinstance(step(UNACK, LATCHING, Reset(), at(0)), NotNow)


def test_what_has_happened_stands_until_a_person_has_seen_it() -> None:
    once = Design(once=True)
    raised = after(NORM, (0, Occurred()), (5000, TimePassed()), design=once)
    assert (raised.state, due_s(raised, once, at(5000))) == (State.UNACK, None)
    assert changes(raised, 5001, Acknowledge(), once) == (Change.ACKNOWLEDGED, Change.RETURNED)
    assert after(raised, (5001, Acknowledge()), design=once).state is State.NORM


def test_often_enough_or_long_enough_raises_it() -> None:
    design = Design(count=3, count_s=10, on_delay_s=30)
    often = [(float(s), Seen(s % 2 == 0)) for s in range(5)]
    assert after(NORM, *often[:4], design=design).state is State.NORM
    assert after(NORM, *often, design=design).state is State.UNACK
    assert after(NORM, (0, Seen(True)), (30, TimePassed()), design=design).state is State.UNACK
    spread = [(0.0, Occurred()), (11.0, Occurred()), (22.0, Occurred())]
    assert after(NORM, *spread, design=replace(design, once=True)).state is State.NORM
    assert after(NORM, (0, Occurred(3)), design=replace(design, once=True)).state is State.UNACK


def test_what_calls_again_does_so_as_often_as_designed() -> None:
    design = Design(re_alarm_s=60, re_alarm_most=2)
    memory = after(
        ACKED, (0, TimePassed()), (60, TimePassed()), (61, Acknowledge()), (121, TimePassed()), design=design
    )
    assert memory.state is State.UNACK
    assert after(memory, (122, Acknowledge()), (10_000, TimePassed()), design=design).state is State.ACKED


def test_a_delayed_alarm_that_was_out_of_service_is_not_silent_afterwards() -> None:
    design = Design(on_delay_s=2)
    out = after(NORM, (0, TakeOut(True)), (1, Seen(True)), (10, TimePassed()), design=design)
    assert out.active
    assert after(out, (11, TakeOut(False)), design=design).sounds

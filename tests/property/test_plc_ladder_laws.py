"""What a lane's PLC never does, whatever happens in the field and on the wire (`lanes.md` §3)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from hypothesis import given

from plc.sim.ladder import scan
from plc.sim.memory import Memory
from scada.model.handshake import Mode, PassageOutcome, RiseCause
from tests.support.stories import Story, Stretch, Teller, stories

_NEW_OUTCOMES = (PassageOutcome.FORWARD, PassageOutcome.TAILGATE)


def history(story: Story) -> list[Memory]:
    """Play a story; give the memory after every scan, and after every power cut."""
    teller = Teller(story)
    trace = [teller.memory]
    for stretch in teller:
        memory = teller.memory
        inputs = replace(stretch.inputs)
        for dt_ms in _steps(stretch):
            if stretch.beats:
                inputs = replace(inputs, heartbeat=(inputs.heartbeat + 1) % 65536)
            memory = scan(memory, inputs, dt_ms)
            trace.append(memory)
        teller.told(memory, inputs)
        if stretch.cut:
            teller.cut()
            trace.append(teller.memory)
    return trace


def _steps(stretch: Stretch) -> Iterator[int]:
    dt_ms = 10 if stretch.ms <= 50 else 100 if stretch.ms == 6000 else 50
    yield from [dt_ms] * (stretch.ms // dt_ms)


def scans(story: Story) -> Iterator[tuple[Memory, Memory]]:
    """Give the memory before and after every scan, leaving out power cuts."""
    return ((one, two) for one, two in pairwise(history(story)) if one.retained.boot == two.retained.boot)


def technician_sees(memory: Memory) -> bool:
    """The one exception of invariant 1: he lowers past a faulty safety loop with the button in his hand."""
    inputs = memory.inputs
    held = memory.mode is Mode.MAINTENANCE and inputs.jog_down
    return held and inputs.safety_fault and not inputs.beam


@given(stories)
def test_the_boom_never_moves_down_while_something_is_or_may_be_under_it(story: Story) -> None:
    for before, after in scans(story):
        if after.retained.position_ms < before.retained.position_ms and not technician_sees(after):
            assert after.clear, "it moved down on somebody"
            assert after.permit, "it moved down too early"


@given(stories)
def test_whatever_comes_under_a_lowering_boom_stops_it_in_the_same_scan_and_sends_it_up(story: Story) -> None:
    for before, after in scans(story):
        if before.lowering and not after.clear and not technician_sees(after):
            assert not after.lowering
            moves = not after.inputs.detached and not after.barrier_fault and after.mode in (Mode.AUTO, Mode.LOCKED)
            assert after.raising or after.up or not moves


@given(stories)
def test_an_open_command_while_lowering_reverses_at_once(story: Story) -> None:
    for before, after in scans(story):
        if before.lowering and after.retained.opened > before.retained.opened:
            assert after.raising
            assert not after.lowering


@given(stories)
def test_the_boom_rises_only_for_a_cause_that_holds(story: Story) -> None:
    for before, memory in scans(story):
        if not memory.raising or before.raising:
            continue
        mode, inputs = memory.mode, memory.inputs
        holds = {
            RiseCause.AUTHORISED: memory.authorised and memory.now == memory.rise_passage != 0,
            RiseCause.REOPEN: memory.reopening and memory.retained.reopened > 0,
            RiseCause.HOLD_OPEN: mode is Mode.HOLD_OPEN,
            RiseCause.FIRE: mode is Mode.FIRE and memory.retained.fire,
            RiseCause.MAINTENANCE: inputs.key and inputs.jog_up,
            RiseCause.BUTTON: memory.local == RiseCause.BUTTON and mode is not Mode.MAINTENANCE,
            RiseCause.HANDSET: memory.local == RiseCause.HANDSET and mode is not Mode.MAINTENANCE,
            RiseCause.POWER_FAIL: inputs.mains_lost,
        }
        assert holds[RiseCause(memory.rise_cause)]


@given(stories)
def test_every_rise_is_counted_once_with_its_cause(story: Story) -> None:
    for before, after in scans(story):
        starts = after.raising and not before.raising
        surprise = before.was_down and not before.down and not before.raising
        assert after.retained.rises - before.retained.rises == starts + surprise
        if before.down and not after.down:
            assert after.raising or after.inputs.lifted


@given(stories)
def test_an_authorisation_is_never_inherited_by_another_passage(story: Story) -> None:
    for before, after in scans(story):
        if after.authorised and after.retained.opened == before.retained.opened:
            assert before.authorised
            assert after.now == before.now


@given(stories)
def test_who_goes_forward_had_leave_of_his_own_and_who_had_none_is_counted(story: Story) -> None:
    for before, after in scans(story):
        went = after.last != before.last and after.outcome in _NEW_OUTCOMES and before.entered
        if not went:
            continue
        had_leave = before.authorised or after.is_open_to_all or before.local or (before.staying and before.free)
        assert bool(after.retained.passed - before.retained.passed) == (after.outcome == PassageOutcome.FORWARD)
        assert bool(after.retained.tailed - before.retained.tailed) == (after.outcome == PassageOutcome.TAILGATE)
        assert had_leave or after.outcome != PassageOutcome.FORWARD


@given(stories)
def test_a_passage_number_is_never_given_twice(story: Story) -> None:
    given_out: set[int] = set()
    for before, after in pairwise(history(story)):
        known = {before.now, before.follower, before.last, 0}
        fresh = {after.now, after.follower} - known
        assert not fresh & given_out
        given_out |= fresh


@given(stories)
def test_one_seq_opens_once_at_most(story: Story) -> None:
    opened_by: list[int] = []
    for before, after in pairwise(history(story)):
        if after.retained.opened != before.retained.opened:
            assert after.retained.opened == before.retained.opened + 1
            assert (after.alive, after.mode, after.claim != 0) == (True, Mode.AUTO, True)
            opened_by.append(after.retained.seq)
    assert len(opened_by) == len(set(opened_by))
    assert opened_by == sorted(opened_by)


@given(stories)
def test_nothing_lowers_on_a_passage_with_leave_or_in_a_mode_that_keeps_it_up(story: Story) -> None:
    for _, after in scans(story):
        if after.lowering:
            assert after.mode in (Mode.AUTO, Mode.LOCKED, Mode.MAINTENANCE)
            assert after.mode is Mode.MAINTENANCE or not (after.authorised or after.staying or after.local)


@given(stories)
def test_a_server_that_is_lost_changes_no_mode_but_by_the_lanes_own_policy(story: Story) -> None:
    for before, after in scans(story):
        if before.alive and not after.alive:
            assert after.claim == 0
            assert after.authorised or not before.authorised or after.mode is not Mode.AUTO or after.now != before.now
            may_rise = after.settings.raise_when_lost and before.mode is Mode.AUTO
            field_changed = before.inputs != replace(after.inputs, heartbeat=before.inputs.heartbeat)
            assert after.mode is before.mode or may_rise or field_changed


@given(stories)
def test_after_a_power_cut_nothing_moves_before_a_new_claim_but_by_hand_or_for_fire(story: Story) -> None:
    for before, after in scans(story):
        if after.mode is Mode.RESYNC:
            assert not after.lowering
            moved = after.retained.position_ms > before.retained.position_ms
            assert not moved or after.local or after.inputs.lifted or after.inputs.mains_lost


@given(stories)
def test_a_scan_changes_nothing_of_the_memory_it_was_given(story: Story) -> None:
    teller = Teller(story)
    for stretch in teller:
        given_in = teller.memory.copy()
        after = scan(teller.memory, stretch.inputs, stretch.ms)
        assert teller.memory == given_in
        teller.told(after, stretch.inputs)

"""What a virtual PLC never does, whatever happens in the field and on the wire."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plc.registers import command_words
from plc.sim.ladder import power_up, scan
from plc.sim.memory import Inputs, Memory
from scada.model.handshake import CommandBlock
from tests.support.plc import CLAIM, Bench, ready_bench

Change = tuple[str, bool]
often = [("approach", True), ("approach", False), ("safety", True), ("safety", False)]
seldom = [(name, on) for name in ("beam", "safety_fault", "key", "detached", "lifted") for on in (True, False, False)]
changes = st.sampled_from(often * 8 + seldom)
"""One contact that changes; cars do so more often than faults."""
commands = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from([1, 1, 1, 1, 2, 3, 9]),
        st.sampled_from([1, 1, 1, 1, 0, -1, 3]),
        st.sampled_from([0, 0, 0, 0, 1]),
        st.sampled_from([0, 0, 0, 150, 300]),
    ),
)
"""A command: its code, its seq beside the last answered, its passage beside the live one, its age in ticks."""
rarely = st.sampled_from([False] * 9 + [True])
steps = st.tuples(
    st.integers(0, 2),
    st.lists(
        st.tuples(changes, commands, st.sampled_from([10, 50, 200, 400, 1200, 1200, 6000]), rarely),
        min_size=3,
        max_size=15,
    ),
)
"""Where it starts (empty, opened, passing); then a change, a command, ms to pass, and whether the power is cut."""
Plan = tuple[int, list[tuple[Change, tuple[int, int, int, int] | None, int, bool]]]


def _opened() -> Bench:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(1100)
    return bench


def _passing() -> Bench:
    bench = _opened()
    bench.wire(safety=True)
    bench.wire(approach=False)
    return bench


STARTS = (ready_bench(), _opened(), _passing())


def history(plan: Plan) -> list[Memory]:
    """Play a plan on a claimed lane; give the memory after every scan."""
    start, happenings = plan
    memory, inputs = STARTS[start].memory, STARTS[start].inputs
    trace = [memory]
    for (contact, on), command, ms, cut in happenings:
        inputs = replace(inputs, **{contact: on})  # type: ignore[arg-type]
        memory = scan(memory, inputs, 10)
        trace.append(memory)
        if command is not None:
            inputs = replace(inputs, command=_words(memory, command))
        dt_ms = 10 if ms <= 50 else 100 if ms == 6000 else 50
        for _ in range(ms // dt_ms):
            inputs = replace(inputs, heartbeat=(inputs.heartbeat + 1) % 65536)
            memory = scan(memory, inputs, dt_ms)
            trace.append(memory)
        if cut:
            memory = power_up(memory.retained)
            inputs = Inputs(inputs.approach, inputs.safety, claim_wanted=(inputs.claim_wanted + 1) % 65536)
            trace.append(memory)
    return trace


def _words(memory: Memory, command: tuple[int, int, int, int]) -> tuple[int, ...]:
    code, ahead, shift, late = command
    seq, tick = max(memory.retained.seq + ahead, 0), (memory.tick - late) % 65536
    claim = memory.claim or CLAIM
    return command_words(CommandBlock(claim, code, memory.now + shift, 2000, tick, seq))  # type: ignore[arg-type]


@given(steps)
def test_the_boom_never_moves_down_while_something_is_or_may_be_under_it(plan: Plan) -> None:
    trace = history(plan)
    for before, after in pairwise(trace):
        if after.retained.position_ms < before.retained.position_ms:
            assert after.clear, "it moved down on somebody"
            assert after.permit, "it moved down too early"


@given(steps)
def test_a_passage_number_is_never_given_twice(plan: Plan) -> None:
    trace = history(plan)
    given_out: set[int] = set()
    for before, after in pairwise(trace):
        known = {before.now, before.follower, before.last, 0}
        fresh = {after.now, after.follower} - known
        assert not fresh & given_out
        given_out |= fresh


@given(steps)
def test_one_seq_opens_once_at_most(plan: Plan) -> None:
    trace = history(plan)
    opened_by: list[int] = []
    for before, after in pairwise(trace):
        if after.retained.opened != before.retained.opened:
            assert after.retained.opened == before.retained.opened + 1
            opened_by.append(after.retained.seq)
    assert len(opened_by) == len(set(opened_by))
    assert opened_by == sorted(opened_by)


@given(steps)
def test_every_rise_has_a_cause_and_is_counted(plan: Plan) -> None:
    trace = history(plan)
    for before, after in pairwise(trace):
        if after.retained.rises != before.retained.rises:
            assert after.rise_cause != 0
        if before.down and not after.down:
            assert after.raising or after.inputs.lifted
        if after.raising and not before.raising:
            assert after.retained.rises > before.retained.rises


@given(steps)
def test_only_an_authorised_live_passage_or_an_obstacle_raises_the_boom(plan: Plan) -> None:
    for memory in history(plan):
        if memory.raising:
            assert memory.reopening or (memory.authorised and memory.now != 0)


@given(steps)
def test_an_authorisation_is_never_inherited_by_another_passage(plan: Plan) -> None:
    trace = history(plan)
    for before, after in pairwise(trace):
        if after.authorised and after.retained.opened == before.retained.opened:
            assert before.authorised
            assert after.now == before.now

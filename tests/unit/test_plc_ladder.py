"""The virtual PLC holds what `plc.md` §6 says must hold, row by row."""

from dataclasses import replace

import pytest

from plc.registers import command_words
from plc.sim.image import field_state
from plc.sim.ladder import power_up
from scada.model.handshake import AckResult, CommandCode, Mode, PassageOutcome, PassagePhase, RiseCause
from tests.support.plc import CLAIM, Bench, ready_bench


@pytest.fixture(autouse=True)
def _lane_st_runs_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tested here is tested of the Structured Text too."""
    monkeypatch.setattr(Bench, "beside", True)


def openings(bench: Bench) -> tuple[int, int]:
    return bench.memory.retained.opened, bench.memory.retained.rises


def test_open_for_the_live_passage_opens_once_within_the_travel_time() -> None:
    bench = ready_bench()
    passage = bench.arrive()
    assert bench.send(bench.block()) is AckResult.DONE
    bench.run(900)
    assert not bench.memory.up
    bench.run(100)
    assert bench.memory.up
    assert openings(bench) == (1, 1)
    assert (bench.memory.rise_cause, bench.memory.rise_passage) == (RiseCause.AUTHORISED, passage)
    assert field_state(bench.memory)["green"]


def test_the_same_bytes_three_times_more_open_nothing_further() -> None:
    bench = ready_bench()
    bench.arrive()
    block = bench.block()
    bench.send(block)
    for _ in range(3):
        bench.inputs = replace(bench.inputs, command=(0,) * 9)
        bench.run(50)
        bench.send(block)
    assert openings(bench) == (1, 1)
    assert bench.memory.result == AckResult.DONE


def test_a_command_held_longer_than_its_life_is_expired() -> None:
    bench = ready_bench()
    bench.arrive()
    block = bench.block()
    bench.run(4000)
    assert bench.send(block) is AckResult.EXPIRED
    assert openings(bench) == (0, 0)


def test_a_buffered_block_after_silence_finds_no_heartbeat() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.silent = True
    bench.run(4000)
    assert bench.memory.claim == 0
    assert bench.send(bench.block(claim=CLAIM)) is AckResult.NO_HEARTBEAT
    assert openings(bench) == (0, 0)


def test_a_block_of_another_claim_is_refused() -> None:
    bench = ready_bench()
    bench.arrive()
    assert bench.send(bench.block(claim=CLAIM + 1)) is AckResult.CLAIM
    assert openings(bench) == (0, 0)


def test_a_free_lane_obeys_nobody() -> None:
    bench = Bench()
    bench.run(1500)
    bench.arrive()
    assert bench.send(bench.block(claim=0)) is AckResult.CLAIM


def test_a_torn_block_is_not_answered_and_done_once_when_it_is_whole() -> None:
    bench = ready_bench()
    bench.arrive()
    whole = command_words(bench.block())
    bench.inputs = replace(bench.inputs, command=(0, 0, 0, 0, 0, 0, 0, *whole[7:]))
    bench.run(50)
    assert bench.memory.retained.seq == 0
    assert (bench.memory.stray, bench.memory.stray_result) == (1, AckResult.TORN)
    bench.inputs = replace(bench.inputs, command=whole)
    bench.run(50)
    assert bench.memory.result == AckResult.DONE
    assert openings(bench) == (1, 1)


def test_the_passage_of_the_car_before_is_the_wrong_one() -> None:
    bench = ready_bench()
    bench.arrive()
    assert bench.send(bench.block(passage=bench.memory.now + 1)) is AckResult.WRONG_PASSAGE


def test_no_passage_is_the_wrong_one() -> None:
    bench = ready_bench()
    assert bench.send(bench.block(passage=0)) is AckResult.WRONG_PASSAGE
    assert openings(bench) == (0, 0)


def test_an_older_seq_never_overwrites_the_newer_answer() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block(seq=9, passage=77))
    assert bench.send(bench.block(seq=8)) is None
    assert (bench.memory.retained.seq, bench.memory.result) == (9, AckResult.WRONG_PASSAGE)
    assert (bench.memory.stray, bench.memory.stray_result) == (1, AckResult.OLD_SEQ)


@pytest.mark.parametrize(
    ("different", "result"),
    [({"ttl_ms": 6000}, AckResult.EXPIRED), ({"code": 9}, AckResult.BAD_CODE)],
)
def test_a_life_too_long_and_an_unknown_code_are_refused(different: dict[str, int], result: AckResult) -> None:
    bench = ready_bench()
    bench.arrive()
    assert bench.send(bench.block(**{"code": CommandCode.OPEN, **different})) is result
    assert openings(bench) == (0, 0)


def test_a_successor_finds_the_answer_of_a_server_that_died() -> None:
    bench = ready_bench()
    bench.arrive()
    block = bench.block()
    bench.send(block)
    bench.silent = True
    bench.run(4000)
    bench.silent = False
    bench.claim(CLAIM + 1)
    assert (bench.memory.retained.seq, bench.memory.result) == (block.seq, AckResult.DONE)
    assert openings(bench) == (1, 1)


def test_the_technicians_key_refuses_commands_and_ends_the_authorisation() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.wire(key=True)
    assert bench.send(bench.block()) is AckResult.MODE
    bench.wire(key=False)
    bench.send(bench.block())
    bench.wire(key=True)
    assert not bench.memory.authorised


def test_a_detached_boom_is_a_fault() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.wire(detached=True)
    assert bench.send(bench.block()) is AckResult.FAULT
    assert openings(bench) == (0, 0)


@pytest.mark.parametrize("code", [CommandCode.CLOSE, CommandCode.CANCEL])
def test_close_and_cancel_under_a_car_are_busy(code: CommandCode) -> None:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.wire(safety=True)
    assert bench.send(bench.block(code)) is AckResult.BUSY
    assert bench.memory.authorised


def test_cancel_takes_the_authorisation_back_and_the_boom_lowers() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    assert bench.send(bench.block(CommandCode.CANCEL)) is AckResult.DONE
    bench.run(1200)
    assert bench.memory.down


def test_a_beam_cut_while_lowering_raises_the_boom_for_nobody() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.drive_through()
    bench.run(500)
    assert bench.memory.lowering
    bench.wire(beam=True)
    assert bench.memory.raising
    assert bench.memory.retained.reopened == 1
    assert (bench.memory.rise_cause, bench.memory.rise_passage) == (RiseCause.REOPEN, 0)
    bench.run(3000)
    assert bench.memory.up
    bench.wire(beam=False)
    bench.run(2200)
    assert bench.memory.down


def test_an_open_command_while_lowering_reverses_at_once() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.drive_through()
    bench.run(300)
    bench.arrive()
    assert bench.memory.lowering
    before = bench.memory.retained.position_ms
    assert bench.send(bench.block()) is AckResult.DONE
    assert bench.memory.retained.position_ms > before - 20
    bench.run(1100)
    assert bench.memory.up


def test_a_second_car_behind_the_leader_is_known_and_ends_as_tailgate() -> None:
    bench = ready_bench()
    leader = bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.wire(safety=True)
    bench.wire(approach=False)
    bench.run(500)
    bench.wire(approach=True)
    follower = bench.memory.follower
    assert follower == leader + 1
    bench.wire(safety=False)
    assert (bench.memory.last, bench.memory.outcome) == (leader, PassageOutcome.FORWARD)
    assert (bench.memory.now, bench.memory.authorised) == (follower, False)
    bench.drive_through()
    assert (bench.memory.last, bench.memory.outcome) == (follower, PassageOutcome.TAILGATE)
    assert bench.memory.retained.passed == 1


def test_a_car_nose_to_tail_gets_a_number_and_the_leader_is_uncertain() -> None:
    bench = ready_bench()
    leader = bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.wire(safety=True)
    bench.run(500)
    bench.wire(safety=False)
    assert (bench.memory.last, bench.memory.outcome) == (leader, PassageOutcome.UNCERTAIN)
    assert bench.memory.now == leader + 1
    assert not bench.memory.authorised


def test_approach_off_a_second_and_on_again_is_a_new_passage_without_the_old_authorisation() -> None:
    bench = ready_bench()
    first = bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.wire(approach=False)
    bench.run(1000)
    second = bench.arrive()
    assert second == first + 1
    assert (bench.memory.last, bench.memory.outcome) == (first, PassageOutcome.UNCERTAIN)
    assert not bench.memory.authorised
    assert bench.send(bench.block(passage=first)) is AckResult.WRONG_PASSAGE
    assert bench.send(bench.block()) is AckResult.DONE


def test_a_short_gap_on_the_approach_loop_is_the_same_passage() -> None:
    bench = ready_bench()
    passage = bench.arrive()
    bench.wire(approach=False)
    bench.run(140)
    assert bench.arrive() == passage


def test_approach_off_for_five_seconds_is_backed_out_and_the_boom_lowers() -> None:
    bench = ready_bench()
    passage = bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.wire(approach=False)
    bench.run(4900)
    assert bench.memory.now == passage
    bench.run(100)
    assert (bench.memory.last, bench.memory.outcome) == (passage, PassageOutcome.BACKED_OUT)
    assert bench.memory.retained.backed == 1
    bench.run(1200)
    assert bench.memory.down


def test_who_comes_over_the_safety_loop_first_comes_the_wrong_way() -> None:
    bench = ready_bench()
    bench.wire(safety=True)
    assert bench.memory.now == 1
    bench.run(500)
    bench.wire(safety=False)
    assert bench.memory.outcome == PassageOutcome.WRONG_WAY
    assert openings(bench) == (0, 0)


def test_a_plc_that_starts_is_in_resync_until_a_server_claims() -> None:
    bench = Bench()
    bench.run(5000)
    before = bench.memory.mode
    bench.claim()
    assert [before, bench.memory.mode] == [Mode.RESYNC, Mode.AUTO]


def test_a_claim_that_came_before_the_heartbeat_needs_another_number() -> None:
    bench = Bench(silent=True)
    bench.inputs = replace(bench.inputs, claim_wanted=5)
    bench.run(100)
    bench.silent = False
    bench.run(2000)
    assert bench.memory.claim == 0
    bench.claim(6)
    assert bench.memory.claim == 6


def test_a_second_server_cannot_take_a_living_claim() -> None:
    bench = ready_bench()
    bench.inputs = replace(bench.inputs, claim_wanted=CLAIM + 1)
    bench.run(1000)
    assert bench.memory.claim == CLAIM


def test_counters_and_the_booms_position_survive_a_power_cut_but_nothing_else() -> None:
    bench = ready_bench()
    passage = bench.arrive()
    bench.send(bench.block(seq=41))
    bench.run(500)
    halfway = bench.memory.retained.position_ms
    restarted = Bench(memory=power_up(bench.memory.retained))
    assert restarted.memory.retained.boot == bench.memory.retained.boot + 1
    restarted.inputs = replace(restarted.inputs, command=bench.inputs.command)
    restarted.run(2000)
    assert restarted.memory.retained.position_ms == halfway
    assert (restarted.memory.mode, restarted.memory.claim, restarted.memory.authorised) == (Mode.RESYNC, 0, False)
    assert restarted.memory.retained.seq == 41
    assert restarted.arrive() > passage


def test_a_boom_lifted_by_hand_is_a_rise_without_our_cause() -> None:
    bench = ready_bench()
    bench.wire(lifted=True)
    bench.run(50)
    assert bench.memory.retained.rises == 1
    assert bench.memory.rise_cause == RiseCause.UNKNOWN


def test_the_phase_follows_a_passage_from_idle_to_idle() -> None:
    bench = ready_bench()
    phases = [field_state(bench.memory)["phase"]]

    def note() -> None:
        if (now := field_state(bench.memory)["phase"]) != phases[-1]:
            phases.append(now)

    bench.arrive()
    note()
    bench.send(bench.block())
    note()
    bench.run(1100)
    note()
    for contacts in ({"safety": True}, {"approach": False}, {"safety": False}):
        bench.wire(**contacts)
        note()
    for _ in range(250):
        bench.run(10)
        note()
    step = PassagePhase
    expected = [step.IDLE, step.PRESENT, step.OPENING, step.OPEN, step.PASSING, step.CLEARING, step.CLOSING, step.IDLE]
    assert phases == expected

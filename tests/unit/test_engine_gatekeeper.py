"""The gatekeeper against a PLC in memory, fault by fault; time is virtual."""

import asyncio

import pytest

from scada.engine.command.image import lane_image
from scada.model.handshake import CommandBlock, CommandCode, Done, Mode, NotDone, Unknowable
from scada.model.lane.image import DARK
from scada.model.lane.timing import Timing
from scada.model.names import PassageId
from tests.support.engine import LANE, Fate, KeptBook, MemoryPlc, Plant, until, virtually


def test_a_command_for_the_live_passage_opens_once_and_stands_in_the_book_before_it_is_sent() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            assert await plant.open(number) == Done()
            [intent] = plant.book.intents
            assert plant.plc.received == [intent.block] == plant.plc.opened
            assert plant.book.outcomes == {1: Done()}

    virtually(story())


@pytest.mark.parametrize(("asked_s", "lives_ms"), [(2.0, 2000), (0.75, 750), (30.0, 5000)])
def test_a_command_lives_as_long_as_the_lane_says_and_never_longer_than_a_plc_takes(
    asked_s: float, lives_ms: int
) -> None:
    async def story() -> None:
        async with Plant(MemoryPlc(), timing=Timing(t_ttl_s=asked_s)) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            await plant.open(number)
            assert [block.ttl_ms for block in plant.plc.received] == [lives_ms]

    virtually(story())


def test_an_answer_of_the_method_is_believed_at_once() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc(answers_by_method=True)) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            began_s = asyncio.get_running_loop().time()
            assert await plant.open(number) == Done()
            assert asyncio.get_running_loop().time() - began_s < 0.05

    virtually(story())


def test_a_passage_that_is_not_live_is_refused_without_sending() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            assert isinstance(await plant.open(number + 1), NotDone)
            assert isinstance(await plant.open(0), NotDone)
            assert plant.book.intents == []

    virtually(story())


def test_without_an_answer_the_same_bytes_go_out_once_more_and_open_once() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(delay_s=None), Fate()]
            assert await plant.open(number) == Done()
            assert len(plant.plc.received) == 1
            plant.plc.fates = [Fate(delay_s=0.6), Fate()]
            assert await plant.open(number, "again") == Done()
            await until(lambda: len(plant.plc.received) == 3)
            assert plant.plc.received[1] == plant.plc.received[2]
            assert len(plant.plc.opened) == 2

    virtually(story())


def test_an_answer_that_got_lost_is_read_from_the_image() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(is_acknowledged=False)]
            assert await plant.open(number) == Done()
            assert len(plant.plc.opened) == 1

    virtually(story())


def test_a_command_that_never_arrives_is_not_done_after_its_life_and_not_before() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(delay_s=None), Fate(is_torn=True)]
            began_s = asyncio.get_running_loop().time()
            outcome = await plant.open(number)
            assert isinstance(outcome, NotDone)
            assert 2.0 < asyncio.get_running_loop().time() - began_s < 3.0
            await asyncio.sleep(5)
            assert plant.plc.opened == []

    virtually(story())


def test_a_command_held_beyond_its_life_opens_nothing_when_it_comes() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(delay_s=4.0), Fate(delay_s=4.0)]
            assert isinstance(await plant.open(number), NotDone)
            await asyncio.sleep(5)
            assert len(plant.plc.received) == 2
            assert plant.plc.opened == []

    virtually(story())


def test_a_command_that_takes_longer_to_write_down_than_it_lives_is_never_sent() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc(), KeptBook(656.0)) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            assert isinstance(await plant.open(number), NotDone)
            assert plant.plc.received == []
            assert plant.plc.opened == []

    virtually(story())


def test_a_plc_that_can_no_longer_be_read_leaves_the_command_unknown() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            asyncio.get_running_loop().call_later(0.01, setattr, plant.plc, "is_linked", False)
            plant.plc.fates = [Fate(is_acknowledged=False)]
            outcome = await plant.open(number)
            assert isinstance(outcome, Unknowable)
            assert plant.alarms == ["COMMAND_UNKNOWN"]

    virtually(story())


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
def test_a_plc_that_can_be_read_again_settles_the_command_by_its_echo(arrives: bool) -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            loop = asyncio.get_running_loop()
            loop.call_later(0.017, setattr, plant.plc, "is_linked", False)
            loop.call_later(30, setattr, plant.plc, "is_linked", True)
            plant.plc.fates = [Fate(is_acknowledged=False, delay_s=0.0 if arrives else None)]
            asked = asyncio.create_task(plant.open(number))
            await asyncio.sleep(1)
            assert plant.gatekeeper.is_busy
            await asyncio.sleep(9)
            assert not plant.gatekeeper.is_busy
            outcome = await asked
            assert outcome == (Done() if arrives else NotDone("no answer within its time-to-live", lost=True))
            assert plant.book.outcomes == {1: outcome}
            assert len(plant.plc.opened) == arrives
            assert plant.alarms == []
            await plant.claim()
            assert await plant.open(number, "once more") == Done()
            assert [block.seq for block in plant.plc.opened] == ([1, 2] if arrives else [2])

    virtually(story())


def test_a_restart_of_the_plc_makes_the_open_command_unknown_and_it_is_never_sent_again() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(delay_s=None)]
            asyncio.get_running_loop().call_later(0.2, plant.plc.restart)
            assert isinstance(await plant.open(number), Unknowable)
            await asyncio.sleep(20)
            assert plant.plc.received == []
            assert "PLC_RESTART" in plant.alarms

    virtually(story())


def test_a_restarted_plc_is_claimed_only_when_the_lane_is_seen_empty() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc(mode=Mode.RESYNC, approach=True)) as plant:
            await asyncio.sleep(20)
            assert not plant.claimed
            assert plant.alarms == ["RESYNC_OCCUPIED"]
            plant.plc.car_goes()
            await plant.claim()
            assert plant.plc.mode is Mode.AUTO

    virtually(story())


def test_on_a_persons_word_a_restarted_plc_is_claimed_once_although_a_car_stands_before_the_boom() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc(mode=Mode.RESYNC, approach=True)) as plant:
            await asyncio.sleep(10)
            assert not plant.claimed
            plant.gatekeeper.let_claim()
            await until(lambda: plant.claimed, 3)
            plant.plc.restart()
            await asyncio.sleep(20)
            assert not plant.claimed

    virtually(story())


def test_no_word_lets_a_restarted_plc_be_claimed_with_a_car_under_the_boom_or_after_a_while() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc(mode=Mode.RESYNC, approach=True, safety=True)) as plant:
            await asyncio.sleep(10)
            plant.gatekeeper.let_claim()
            await asyncio.sleep(11)
            assert not plant.claimed
            plant.plc.safety = False
            await asyncio.sleep(20)
            assert not plant.claimed

    virtually(story())


def test_a_server_restart_with_a_car_standing_there_claims_again_after_silence() -> None:
    async def story() -> None:
        plc, book = MemoryPlc(), KeptBook()
        async with Plant(plc, book) as plant:
            await plant.claim()
            number = plc.car_comes()
            await asyncio.sleep(0.2)
            plc.fates = [Fate(is_acknowledged=False)]
            opening = asyncio.create_task(plant.open(number))
            await until(lambda: bool(plc.opened))
            opening.cancel()
        stopped_s = asyncio.get_running_loop().time()
        writes = len(plc.writes)
        async with Plant(plc, book) as plant:
            await plant.claim()
            first_s = plc.writes[writes][0]
            assert first_s - stopped_s > 2.5
            assert book.outcomes == {1: Done()}
            assert len(plc.opened) == len(plc.received) == 1
            assert await plant.open(number, "p2") == Done()
            assert book.intents[1].block.seq == book.intents[0].block.seq + 1

    virtually(story())


def test_a_stranger_who_holds_the_lane_stops_our_commands_and_our_heartbeat() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.claim_now = 0xBEEF if plant.plc.claim_now != 0xBEEF else 0xBEEE
            await until(lambda: "STRANGER" in plant.alarms, 2)
            assert isinstance(await plant.open(number), NotDone)
            beats = len(plant.plc.writes)
            await asyncio.sleep(2)
            assert len(plant.plc.writes) == beats
            await asyncio.sleep(5)
            assert plant.claimed

    virtually(story())


def test_a_claim_that_the_plc_dropped_is_asked_for_again_with_another_number() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            plant.plc.is_linked = False
            await asyncio.sleep(5)
            assert plant.plc.claim_now == 0
            plant.plc.is_linked = True
            await plant.claim()
            asked = [value for _, point, value in plant.plc.writes if point == "claim.wanted"]
            assert len(asked) == len(set(asked)) == 2
            assert 0 not in asked

    virtually(story())


def test_a_newer_answer_than_ours_means_another_server() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(delay_s=None)]
            asyncio.get_running_loop().call_later(0.1, setattr, plant.plc, "ack_seq", 77)
            assert isinstance(await plant.open(number), Unknowable)

    virtually(story())


def test_a_plc_whose_clock_is_set_back_is_not_taken_for_an_expired_command() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(delay_s=None), Fate(delay_s=None)]
            asyncio.get_running_loop().call_later(
                0.1, setattr, plant.plc, "_began_s", asyncio.get_running_loop().time()
            )
            assert isinstance(await plant.open(number), Unknowable)

    virtually(story())


def test_a_plc_that_stands_still_is_dark_and_is_commanded_nothing() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            assert plant.gatekeeper.image().alive
            plant.plc.is_frozen = True
            await asyncio.sleep(4)
            assert plant.gatekeeper.image() == DARK
            assert isinstance(await plant.open(number), NotDone)
            assert plant.book.intents == []

    virtually(story())


def test_the_image_is_dark_until_every_needed_tag_is_read_and_again_when_they_are_stale() -> None:
    async def story() -> None:
        plant = Plant(MemoryPlc())
        assert plant.gatekeeper.image() == DARK
        plant.tags.apply(plant.plc.image())
        image = lane_image(plant.tags, LANE, 0.0, lambda number: False)
        assert image.alive
        assert image.attached.is_on
        assert image.beam.is_off
        await asyncio.sleep(0.6)
        plant.tags.sweep()
        assert plant.gatekeeper.image() == DARK

    virtually(story())


def test_a_command_left_open_by_a_stopped_caller_is_settled_before_the_next() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            plant.plc.fates = [Fate(delay_s=None)]
            opening = asyncio.create_task(plant.open(number))
            await until(lambda: bool(plant.book.intents))
            opening.cancel()
            assert isinstance(await plant.open(number), NotDone)
            await asyncio.sleep(2.5)
            assert await plant.open(number) == Done()
            assert isinstance(plant.book.outcomes[1], NotDone)

    virtually(story())


def test_commands_of_one_lane_go_out_one_after_the_other() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            number = plant.plc.car_comes()
            await asyncio.sleep(0.2)
            cancel = plant.gatekeeper.cancel(PassageId("p"), number, "a test")
            assert list(await asyncio.gather(plant.open(number), cancel)) == [Done(), Done()]
            assert [block.code for block in plant.plc.received] == [CommandCode.OPEN, CommandCode.CANCEL]

    virtually(story())


def test_a_check_word_guards_the_nine_words() -> None:
    block = CommandBlock(claim=1, code=CommandCode.OPEN, passage=65537, ttl_ms=2000, tick=5, seq=65538)
    assert block.check == (1 + 3 + 5 + 7 + 22000 + 65 + 17 + 38) % 65536


def test_a_lane_without_auto_never_claims_and_never_opens_and_says_so_once() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            plant.gatekeeper.refuse_auto("its tag map lacks gate.close_permit")
            number = plant.plc.car_comes()
            await asyncio.sleep(30)
            assert not plant.claimed
            assert plant.plc.claim_now == 0
            outcome = await plant.open(number)
            assert isinstance(outcome, NotDone)
            assert "gate.close_permit" in outcome.why
            assert plant.book.intents == []
            assert plant.alarms == ["NO_AUTO"]

    virtually(story())


def test_a_lane_that_loses_auto_lets_go_of_its_plc_and_claims_again_when_it_has_it_back() -> None:
    async def story() -> None:
        async with Plant(MemoryPlc()) as plant:
            await plant.claim()
            plant.gatekeeper.refuse_auto("plc1 is simulated")
            await until(lambda: plant.plc.claim_now == 0, 5)
            await asyncio.sleep(20)
            assert not plant.claimed
            plant.gatekeeper.refuse_auto("")
            await plant.claim()
            assert plant.alarms == ["NO_AUTO"]

    virtually(story())

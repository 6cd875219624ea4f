"""The words and rules of the command handshake, at their edges (`plc.md` §6)."""

import pytest

from scada.model.handshake import (
    AckResult,
    CommandBlock,
    CommandCode,
    Done,
    NotDone,
    PlcImage,
    Undecided,
    Unknowable,
    age_ms,
    judge,
    next_seq,
)

SENT = CommandBlock(7, CommandCode.OPEN, 3, 2000, 65_500, 12)


def image(ack_seq: int = 11, result: int = AckResult.DONE, tick: int = 65_500, boot: int = 1) -> PlcImage:
    return PlcImage(ack_seq, result, tick, boot, 7, 3)


@pytest.mark.parametrize(("journalled", "answered", "following"), [(0, 0, 1), (11, 11, 12), (11, 40, 41), (40, 11, 41)])
def test_the_next_number_is_above_whatever_either_side_remembers(
    journalled: int, answered: int, following: int
) -> None:
    assert next_seq(journalled, image(ack_seq=answered)) == following


def test_the_plcs_clock_wraps_and_a_command_grows_older_all_the_same() -> None:
    assert age_ms(65_500, 36) == 720


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (image(tick=65_500 + 200 - 65_536), Undecided()),
        (image(tick=65_500 + 201 - 65_536), NotDone("no answer within its time-to-live", lost=True)),
        (image(ack_seq=12, tick=10_000), Done()),
        (image(ack_seq=12, result=AckResult.WRONG_PASSAGE), NotDone("wrong passage")),
        (image(ack_seq=12, result=AckResult.EXPIRED), NotDone("expired", lost=True)),
        (image(ack_seq=12, boot=2), Unknowable("the PLC restarted")),
        (image(ack_seq=13), Unknowable("a newer command was answered: another server commands this lane")),
        (image(ack_seq=12, result=99), Unknowable("the PLC answered 99, which no layout knows")),
    ],
)
def test_what_became_of_a_command_is_said_by_the_image(seen: PlcImage, verdict: object) -> None:
    assert judge(SENT, 1, seen) == verdict

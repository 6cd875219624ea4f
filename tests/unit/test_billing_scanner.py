"""What a scanner sends: lines, codes among them, over a network or a serial line that breaks and comes back."""

import asyncio
import os
import pty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.pay.codes import Ask, Said, Step, Sure, Undo
from billing.pay.gateway import Refused, Unknown
from billing.scanner import reader
from billing.scanner.code import LONGEST_LINE, Lines, payer_code
from billing.scanner.desk import how_it_goes
from billing.scanner.reader import ScannerReader
from billing.settle import Transaction
from scada.model.lane.words import ByCode
from scada.model.names import LaneName, OrderId
from scada.settings.money import Scanner
from scada.sim.trial.ports import free_port
from tests.support.store import until

CODE = "134567890123456789"


@pytest.mark.parametrize("text", [CODE, f" {CODE}\t", "10" + "0" * 16, "15" + "9" * 16])
def test_a_payers_code_is_18_digits_from_10_to_15_on(text: str) -> None:
    code = payer_code(text)
    assert code is not None
    assert code.digits == text.strip()


@pytest.mark.parametrize(
    "text", ["", CODE[:-1], CODE + "0", "16" + "0" * 16, "09" + "0" * 16, "http://x", CODE[:-1] + "١"]
)
def test_anything_else_is_no_code(text: str) -> None:
    assert payer_code(text) is None


def test_a_code_is_not_told_by_what_prints_it() -> None:
    code = payer_code(CODE)
    assert code is not None
    assert CODE not in f"{code} {code!r} {code.mark(b'salt')!r}"
    assert code.mark(b"salt") == payer_code(CODE).mark(b"salt") != code.mark(b"other")  # type: ignore[union-attr]
    assert CODE not in repr(Lines().feed(CODE.encode())[0])


@given(st.lists(st.text("0123456789", min_size=1, max_size=LONGEST_LINE)), st.data())
def test_lines_come_whole_however_they_are_cut(lines: list[str], data: st.DataObject) -> None:
    sent = b"".join(line.encode() + data.draw(st.sampled_from([b"\r", b"\n", b"\r\n"])) for line in lines)
    state, heard = Lines(), list[str]()
    while sent:
        cut = data.draw(st.integers(1, len(sent)))
        state, some = state.feed(sent[:cut])
        heard += some
        sent = sent[cut:]
    assert heard == lines


@given(st.integers(LONGEST_LINE + 1, 500), st.integers(1, 70))
def test_what_never_ends_is_not_kept_and_the_line_after_it_is_heard(length: int, piece: int) -> None:
    state, heard = Lines(), list[str]()
    noise = b"9" * length + b"\n" + CODE.encode() + b"\n"
    for start in range(0, len(noise), piece):
        state, some = state.feed(noise[start : start + piece])
        heard += some
        assert len(state.rest) <= LONGEST_LINE
    assert heard == [CODE]


@dataclass
class Heard:
    """What a reader told."""

    lines: list[str] = field(default_factory=list)
    up: list[bool] = field(default_factory=list)


@asynccontextmanager
async def reading(source: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Heard]:
    monkeypatch.setattr(reader, "AGAIN_S", (0.01,))
    heard = Heard()
    one = ScannerReader(
        Scanner(lane="out1", source=source),
        lambda _lane, line: heard.lines.append(line),
        lambda _lane, up: heard.up.append(up),
    )
    task = asyncio.create_task(one.run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_scanner_on_the_network_is_read_and_connected_anew_when_its_line_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, sent = free_port(), iter([b"134567890123456789\r\n", b"hello\n"])

    async def scan(_stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(next(sent, b""))
        await writer.drain()
        writer.close()

    async with reading(f"tcp://127.0.0.1:{port}", monkeypatch) as heard:
        await until(lambda: heard.up == [False, False])
        async with await asyncio.start_server(scan, "127.0.0.1", port):
            await until(lambda: heard.lines == [CODE, "hello"])
        assert True in heard.up


async def test_a_scanner_on_a_serial_line_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    try:
        async with reading(f"serial:{os.ttyname(theirs)}?baud=115200", monkeypatch) as heard:
            await until(lambda: True in heard.up)
            os.write(ours, CODE.encode() + b"\r")
            await until(lambda: heard.lines == [CODE])
    finally:
        os.close(ours)
        os.close(theirs)


def said(state: str) -> Transaction:
    return Transaction("1", "wx", OrderId("DE1"), state, "42")


@pytest.mark.parametrize(
    ("word", "step", "how"),
    [
        (said("SUCCESS"), Sure(said("SUCCESS")), None),
        (said("USERPAYING"), Ask(5), ByCode.CONFIRM),
        (said("USERPAYING"), Undo(0), ByCode.FAILED),
        (said("PAYERROR"), Undo(0), ByCode.FAILED),
        (Unknown("lost"), Ask(5), None),
        (Refused("NOT_ENOUGH", ""), Undo(15), ByCode.TOO_LITTLE),
        (Refused("PARAM_ERROR", ""), Undo(15), ByCode.INVALID),
        (Refused("AUTH_CODE_INVALID", ""), Sure(None), ByCode.INVALID),
    ],
)
def test_the_driver_is_told_what_he_can_do(word: Said, step: Step, how: ByCode | None) -> None:
    assert how_it_goes(word, step) is how


def test_a_scanner_stands_at_one_lane() -> None:
    assert LaneName(Scanner(lane="out1", source="tcp://10.1.2.3:4000").lane) == "out1"
    for wrong in ("http://10.1.2.3", "tcp://10.1.2.3", "serial:/etc/passwd", "serial:/dev/ttyS0?baud=1"):
        with pytest.raises(ValueError, match="source"):
            Scanner(lane="out1", source=wrong)

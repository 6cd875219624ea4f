"""Frames of the commonest family of LED-and-voice boards on RS-485 (`lpr.md` §8; to verify on hardware). Pure.

`00 64 FF FF CMD DL DATA CRC`: address, version, packet number, command, length of DATA, CRC-16/Modbus low byte first
over all before it. Text is GBK; signs it does not have are dropped. Boards of newer firmware also have a command that
drives a relay: there is no way to make it here, since these two functions are all there is.
"""

from typing import Final

from lpr.display.face import Colour

_HEAD: Final = bytes((0x00, 0x64, 0xFF, 0xFF))
_VOICE, _LINE = 0x30, 0x62
_QUEUED: Final = 0x01
"""The voice's option byte: after what is being said."""
_RGB: Final = {
    Colour.RED: bytes((0xFF, 0x00, 0x00, 0x00)),
    Colour.GREEN: bytes((0x00, 0xFF, 0x00, 0x00)),
    Colour.YELLOW: bytes((0xFF, 0xFF, 0x00, 0x00)),
}
_BLACK: Final = bytes(4)
_AT_ONCE, _FONT, _FOR_EVER = 0x00, 0x03, 0x00
TEXT_MOST: Final = 236
"""Bytes of text that a frame holds: the length of DATA is one byte, and a line's own fields are 19."""


def say(text: str) -> bytes:
    """Make the frame that has a text said aloud."""
    return _frame(_VOICE, bytes((_QUEUED,)) + gbk(text))


def show(line: int, text: str, colour: Colour, stay_s: int) -> bytes:
    """Make the frame that shows a text in a line, counted from 0, for so many seconds (1 to 255)."""
    shown = gbk(text)
    manner = bytes((line, _AT_ONCE, 1, _AT_ONCE, stay_s, _AT_ONCE, 1, _FONT, _FOR_EVER))
    size = len(shown).to_bytes(2, "little")
    return _frame(_LINE, manner + _RGB[colour] + _BLACK + size + shown)


def gbk(text: str) -> bytes:
    """Write a text in GBK, without the signs it does not have, and cut between two signs where a frame is full."""
    shown = b""
    for sign in text:
        code = sign.encode("gbk", errors="ignore")
        if len(shown) + len(code) > TEXT_MOST:
            break
        shown += code
    return shown


def crc16(data: bytes) -> int:
    """Reckon the CRC-16 of Modbus."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _frame(command: int, data: bytes) -> bytes:
    whole = _HEAD + bytes((command, len(data))) + data
    return whole + crc16(whole).to_bytes(2, "little")

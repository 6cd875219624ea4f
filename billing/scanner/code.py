"""A payer's code: 18 digits that are as good as money for a minute, and so stand in no log, journal or message."""

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

LONGEST_LINE: Final = 64
"""Signs of a line that may be a code; a scanner that sends more without an end is not listened to until one comes."""
_CODE: Final = re.compile(r"1[0-5][0-9]{16}")
_ENDS: Final = re.compile(rb"[\r\n]+")


@dataclass(frozen=True, slots=True)
class PayerCode:
    """The code; printing it tells nothing."""

    digits: str = field(repr=False)

    def mark(self, salt: bytes) -> bytes:
        """Give what tells this code from others and nothing more."""
        return blake2b(self.digits.encode(), key=salt, digest_size=16).digest()


def payer_code(text: str) -> PayerCode | None:
    """Take a line for a payer's code: 18 digits from 10 to 15 on; None if it is none."""
    digits = text.strip()
    return PayerCode(digits) if _CODE.fullmatch(digits) else None


@dataclass(frozen=True, slots=True)
class Lines:
    """What has come of a line so far; `spoilt`: it is too long already, and goes on."""

    rest: bytes = field(default=b"", repr=False)
    spoilt: bool = False

    def feed(self, some: bytes) -> tuple["Lines", list[str]]:
        """Take in what came; gives the lines that are whole. A scanner may end them by CR, LF or both."""
        *whole, rest = _ENDS.split(self.rest + some)
        wanted = whole[1:] if self.spoilt else whole
        lines = [line.decode("ascii", "replace") for line in wanted if 0 < len(line) <= LONGEST_LINE]
        spoilt = len(rest) > LONGEST_LINE or (self.spoilt and not whole)
        return Lines(b"" if spoilt else rest, spoilt), lines

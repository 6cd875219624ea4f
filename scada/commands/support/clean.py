"""What leaves the house names nobody: functions of text."""

import re
from collections.abc import Iterable
from typing import Final

from scada.model.masks import MASK, bare_of_plates, masked

PLATE: Final = "‹plate›"
MAIL: Final = "‹mail›"
PHONE: Final = "‹phone›"
_MAILS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONES: Final = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)")
_LOGINS: Final = re.compile(r"(?<=://)[^/\s@\"']+@")
_WECHAT: Final = re.compile(r"(?<!\d)4\d{27}(?!\d)")


class Cleaner:
    """Takes plates, names, addresses, numbers and secrets out of any text.

    A log keeps the first and last signs of a plate, because it stays in the house; this does not.
    """

    def __init__(self, people: Iterable[str]) -> None:
        known = sorted({name for name in people if name}, key=lambda name: (-len(name), name))
        self._called = {name: f"‹person {number}›" for number, name in enumerate(sorted(known), 1)}
        words = "|".join(re.escape(name) for name in known)
        self._people = re.compile(rf"(?<![\w.-])(?:{words})(?![\w.-])") if words else None

    def clean(self, text: str) -> str:
        """Give the text without anybody in it. The same person has the same number throughout."""
        text = masked(bare_of_plates(_LOGINS.sub(f"{MASK}@", text), PLATE))
        text = _WECHAT.sub(MASK, _PHONES.sub(PHONE, _MAILS.sub(MAIL, text)))
        return self._people.sub(lambda found: self._called[found.group()], text) if self._people else text

"""Tariffs written in the control room: texts in SQL beside the files of the site; the last one of each name counts.

They charge only once two people have signed them, on a virtual site, too.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.tariff import Fault, Tariff, TariffError, read_tariff
from billing.versions.signatures import Signature
from scada.model.settings import SettingVersion
from scada.model.tomllines import key_lines, line_of, path_of

LONGEST = 65_536


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a text, with the line on which it stands; 0: nowhere in particular."""

    line: int
    key: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Read:
    """A tariff that a text holds, or the mistakes because of which it holds none."""

    tariff: Tariff | None
    mistakes: tuple[Mistake, ...] = ()


def read_text(text: str) -> Read:
    """Read the text of a tariff, with every mistake."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        line = _line_told(str(error)) or text.count("\n") + 1
        return Read(None, (Mistake(line, "", f"is not TOML: {error}", "see docs/tariffs.md"),))
    try:
        return Read(read_tariff(content))
    except TariffError as error:
        lines = key_lines(text)
        return Read(None, tuple(_mistake(fault, lines) for fault in error.faults))


def text_of(version: SettingVersion) -> str:
    """Give the text of a draft."""
    return str(version.content.get("text", ""))


def latest(versions: Sequence[SettingVersion]) -> dict[str, SettingVersion]:
    """Give the last version of each draft."""
    return {one.subject: one for one in versions}


def signed(versions: Sequence[SettingVersion], signatures: Mapping[str, Sequence[Signature]]) -> list[Tariff]:
    """Give the tariffs of the drafts that anybody has signed."""
    read = (read_text(text_of(one)).tariff for one in latest(versions).values())
    return [one for one in read if one is not None and one.digest in signatures]


def _mistake(fault: Fault, lines: Mapping[tuple[str | int, ...], int]) -> Mistake:
    return Mistake(line_of(dict(lines), path_of(fault.key)) or 0, fault.key, fault.what, fault.remedy)


def _line_told(error: str) -> int:
    """Find the line of which tomllib's words tell; 0 at the end of the text."""
    _, _, after = error.partition("at line ")
    number = after.partition(",")[0]
    return int(number) if number.isdecimal() else 0

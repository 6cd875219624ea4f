"""Read the keys of a TOML table one by one, and collect what is wrong with them instead of stopping at the first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from fractions import Fraction
from typing import Final, TypeVar

from billing.tariff.words import Fault

E = TypeVar("E", bound=Enum)

MOST_FEN: Final = 10_000_000
MOST_MINUTES: Final = 366 * 1440
MOST_SIGNS: Final = 64
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


@dataclass(slots=True)
class Table:
    """One table of a file, with the path that leads to it."""

    content: Mapping[str, object]
    path: str
    faults: list[Fault]
    _asked: set[str] = field(default_factory=set)

    def fault(self, key: str, what: str, remedy: str) -> None:
        """Note what is wrong with a key."""
        self.faults.append(Fault(f"{self.path}{key}", what, remedy))

    def has(self, key: str) -> bool:
        """Say whether a key is written."""
        return key in self.content

    def text(self, key: str, default: str | None = None, *, why: str = "") -> str:
        """Give a text; without a default it must be there."""
        value = self._get(key, default, why, 'in quotes, like "…"')
        if isinstance(value, str):
            return value
        if value is not None:
            self.fault(key, f"{value!r} is no text", "put it in quotes")
        return ""

    def label(self, key: str) -> str:
        """Give a name by which books and reports know something: one line, and no longer than they hold."""
        value = self.text(key)
        if not value.strip():
            if isinstance(self.content.get(key), str):
                self.fault(key, "is empty", "write a name")
        elif not value.isprintable() or len(value) > MOST_SIGNS:
            self.fault(key, f"is no name of one line and {MOST_SIGNS} signs at most", "write a shorter one")
        return value

    def word(self, key: str, default: str | None = None) -> str:
        """Give a word that people may ask by: small letters, no blanks."""
        value = self.text(key, default)
        plain = re.sub(r"[\s-]+", "_", value.strip().lower())
        if value != plain:
            self.fault(key, f"{value!r} is not how it is asked for", f"write {plain}")
        elif not value and isinstance(self.content.get(key), str):
            self.fault(key, "is no word", "write who holds it, like disabled")
        return value

    def flag(self, key: str, default: bool | None = None, *, why: str = "") -> bool:
        """Give true or false."""
        value = self._get(key, default, why, "true or false")
        if isinstance(value, bool):
            return value
        if value is not None:
            self.fault(key, f"{value!r} is neither true nor false", "write true or false, without quotes")
        return False

    def whole(self, key: str, default: int | None = None, *, least: int = 0, most: int, why: str = "") -> int:
        """Give a whole number within limits."""
        value = self._get(key, default, why, f"a whole number, {least} to {most}")
        return value if self._is_whole(key, value, least, most) and isinstance(value, int) else least

    def _is_whole(self, key: str, value: object, least: int, most: int) -> bool:
        if value is None:
            return False
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(key, f"{value!r} is no whole number", "write minutes, or fen (1 yuan is 100), without a point")
            return False
        if not least <= value <= most:
            self.fault(key, f"{value} is not from {least} to {most}", "choose a value within the limits")
            return False
        return True

    def minutes(self, key: str, default: int | None = None, *, least: int = 0, why: str = "") -> int:
        """Give a number of minutes."""
        return self.whole(key, default, least=least, most=MOST_MINUTES, why=why)

    def fen(self, key: str, default: int | None = None, *, why: str = "") -> int:
        """Give an amount in fen."""
        return self.whole(key, default, most=MOST_FEN, why=why)

    def amounts(self, key: str) -> tuple[int, ...]:
        """Give one amount, or a list of them that rises from day to day."""
        value = self._get(key, None, "", "an amount in fen, or a list of them: [3000, 5000]")
        values = list(value) if isinstance(value, Sequence) and not isinstance(value, str) and value else [value]
        return tuple(one for one in values if self._is_whole(key, one, 0, MOST_FEN) and isinstance(one, int))

    def choice(self, key: str, words: type[E], default: E | None = None, *, why: str = "") -> E:
        """Give one of an enum's words."""
        known = ", ".join(str(word.value) for word in words)
        value = self._get(key, None if default is None else default.value, why, f"one of {known}")
        return self._word(key, value, words)

    def choices(self, key: str, words: type[E], *, why: str) -> frozenset[E]:
        """Give a list of an enum's words; an empty list says: never."""
        value = self._get(key, None, why, f"a list of {', '.join(str(word.value) for word in words)}; [] for never")
        if isinstance(value, Sequence) and not isinstance(value, str):
            return frozenset(self._word(key, one, words) for one in value)
        if value is not None:
            self.fault(key, f"{value!r} is no list", "write it like [ … ]; [] for never")
        return frozenset()

    def _word(self, key: str, value: object, words: type[E]) -> E:
        for word in words:
            if word.value == value:
                return word
        first = next(iter(words))
        if value is not None:
            known = [str(word.value) for word in words]
            close = get_close_matches(str(value), known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"write one of {', '.join(known)}"
            self.fault(key, f"{value!r} is no word for this", remedy)
        return first

    def fraction(self, key: str, default: Fraction | None = None) -> Fraction:
        """Give a factor: a whole number, or a text like "3/2"."""
        value = self._get(key, str(default) if default is not None else None, "", 'a fraction, like "3/2"')
        if value is None:
            return Fraction(1)
        try:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise ValueError(value)
            read = Fraction(value)
        except (ValueError, ZeroDivisionError):
            self.fault(key, f"{value!r} is no fraction", 'write it as a whole number or a fraction: "3/2"; never 1.5')
            return Fraction(1)
        if not 0 <= read <= 1000:
            self.fault(key, f"{value!r} is not from 0 to 1000", "choose a value within the limits")
        return read

    def clock(self, key: str, default: str) -> int:
        """Give a time of the day as minutes after midnight; 24:00 is the day's end."""
        written = self.text(key, default)
        found = _CLOCK.fullmatch(written)
        minutes = int(found[1]) * 60 + int(found[2]) if found else -1
        if not 0 <= minutes <= 1440:
            self.fault(key, f"{written!r} is no time of the day", 'write it like "08:00"; the day\'s end is "24:00"')
            return 0
        return minutes

    def tables(self, key: str) -> list["Table"]:
        """Give the tables of an array, none if it is not there."""
        self._asked.add(key)
        value = self.content.get(key, [])
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.fault(key, "is no array of tables", f"write it as [[{key}]]")
            return []
        found = []
        for number, one in enumerate(value):
            if isinstance(one, Mapping):
                found.append(Table(one, f"{self.path}{key}[{number}].", self.faults))
            else:
                self.fault(f"{key}[{number}]", "is no table", f"write it as [[{key}]]")
        return found

    def table(self, key: str) -> "Table | None":
        """Give a table, None if it is not there."""
        self._asked.add(key)
        value = self.content.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.fault(key, "is no table", f"write it as [{key}]")
            return None
        return Table(value, f"{self.path}{key}.", self.faults)

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Give a list of texts."""
        value = self._get(key, default, "", 'a list like ["…"]')
        if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value):
            return tuple(str(one) for one in value)
        if value is not None:
            self.fault(key, f"{value!r} is no list of texts", 'write it like ["…", "…"]')
        return ()

    def done(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.content:
            if key not in self._asked:
                close = get_close_matches(key, self._asked, n=1)
                remedy = f"did you mean {close[0]}?" if close else "remove it; docs/tariffs.md lists the keys"
                self.fault(key, "is no key of this table", remedy)

    def _get(self, key: str, default: object, why: str, form: str) -> object:
        """Give what is written or the default; None, which no file can hold, once it is noted as missing."""
        self._asked.add(key)
        if key in self.content:
            return self.content[key]
        if default is None:
            self.fault(key, f"is missing{': ' + why if why else ''}", f"write {key} = {form}")
            return None
        return default

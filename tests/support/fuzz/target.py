"""What is fuzzed: a parser, the good inputs it is begun with, and the only errors that may come out of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.fuzz.change import Manner, plain


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parser ready to be tried. `allowed`: its documented errors; whatever else it raises is a finding.

    `close` lets go of what it holds open.
    """

    take: Callable[[bytes], object]
    seeds: Sequence[bytes]
    allowed: tuple[type[BaseException], ...] = ()
    tokens: Sequence[bytes] = ()
    manners: Sequence[Manner] = (plain,)
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Target:
    """One parser by its name. `build` makes it; the folder is its own, for what it must have as files."""

    name: str
    what: str
    build: Callable[[Path], Prepared]

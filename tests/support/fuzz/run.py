"""Trying one target for a time: each input within its limits, and every error that is not documented a finding.

What brings a new kind of answer (another error, raised at another line) joins the corpus.
"""

import hashlib
import logging
import mmap
import os
import random
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn, cast

import structlog

from tests.support.fuzz.target import Prepared, Target

CPU_LIMIT_S: Final = 2.0
"""An input that is reckoned on for longer hangs whatever waits for it."""
WAIT_LIMIT_S: Final = 20.0
"""One that is waited for so long, too, however busy the machine is."""
MEMORY: Final = 3 << 30
MOST_FINDINGS: Final = 20
_MOST_CORPUS: Final = 400
_NOTE_BYTES: Final = 1 << 20


class Hung(BaseException):
    """An input took too long. Not an Exception: nothing that is tried may catch it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input after which something undocumented happened: what, where, and the file that holds the input."""

    target: str
    error: str
    where: str
    file: str


@dataclass(slots=True)
class Outcome:
    """What became of a target."""

    target: str
    seed: int
    inputs: int = 0
    cpu_s: float = 0.0
    answers: int = 0
    """Kinds of answers seen."""
    findings: list[Finding] = field(default_factory=list)


class Note:
    """The input under way and how many came before, in a file: a process that dies leaves it behind."""

    def __init__(self, path: Path) -> None:
        with path.open("w+b") as file:
            file.truncate(_NOTE_BYTES)
            self._map = mmap.mmap(file.fileno(), _NOTE_BYTES)

    def write(self, number: int, data: bytes) -> None:
        """Note an input."""
        some = data[: _NOTE_BYTES - 16]
        self._map[:16] = number.to_bytes(8, "big") + len(some).to_bytes(8, "big")
        self._map[16 : 16 + len(some)] = some


def noted(path: Path) -> tuple[int, bytes]:
    """Read what a process noted last: how many inputs, and the last of them."""
    content = path.read_bytes()
    length = int.from_bytes(content[8:16], "big")
    return int.from_bytes(content[:8], "big"), content[16 : 16 + length]


def try_target(target: Target, seconds: float, seed: int, folder: Path) -> Outcome:
    """Try a target for so many seconds of this process's CPU time; findings go to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    prepared, outcome = target.build(folder), Outcome(target.name, seed)
    chance, corpus = random.Random(f"{target.name} {seed}"), list(prepared.seeds)  # noqa: S311 - to be repeated
    seen: set[str] = set()
    note, found = Note(folder / f"{target.name}.note"), set[str]()
    inputs = _inputs(chance, corpus, prepared)
    began_s = time.process_time()
    with closing(prepared), _limits(), hushed():
        while time.process_time() - began_s < seconds and len(outcome.findings) < MOST_FINDINGS:
            data = next(inputs)
            outcome.inputs += 1
            note.write(outcome.inputs, data)
            answer, trouble = _tried(prepared, data)
            if answer not in seen:
                seen.add(answer)
                corpus.append(data)
                del corpus[len(prepared.seeds) : max(len(prepared.seeds), len(corpus) - _MOST_CORPUS)]
            if trouble is not None and answer not in found:
                found.add(answer)
                outcome.findings.append(_kept(folder, target.name, data, trouble))
    outcome.cpu_s, outcome.answers = round(time.process_time() - began_s, 1), len(seen)
    return outcome


def _inputs(chance: random.Random, corpus: list[bytes], prepared: Prepared) -> Iterator[bytes]:
    yield from prepared.seeds
    while True:
        manner = chance.choice(prepared.manners)
        yield manner(chance, chance.choice(corpus), corpus, prepared.tokens)


def _tried(prepared: Prepared, data: bytes) -> tuple[str, BaseException | None]:
    """Give the kind of the answer, and what is wrong with it."""
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT_S)
    signal.setitimer(signal.ITIMER_REAL, WAIT_LIMIT_S)
    try:
        told = prepared.take(data)
    except prepared.allowed as error:
        return _kind(error), None
    except (Exception, Hung) as error:  # noqa: BLE001 - whatever it is, it is a finding
        return _kind(error), error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    return f"{type(told).__name__} {told if isinstance(told, bool | int | str) else ''}"[:60], None


def _kind(error: BaseException) -> str:
    """Say what kind of answer an error is: with what it came from, where a library's was wrapped."""
    if isinstance(error, Hung):
        return "Hung"
    behind = error.__cause__
    cause = "" if behind is None else f" from {type(behind).__name__} at {_where(behind)}"
    return f"{type(error).__name__} at {_where(error)}{cause}"


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _kept(folder: Path, name: str, data: bytes, trouble: BaseException) -> Finding:
    path = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    told = "".join(traceback.format_exception(trouble))
    path.with_suffix(".txt").write_text(told, encoding="utf-8", errors="replace")
    return Finding(name, f"{type(trouble).__name__}: {trouble}"[:200], _where(trouble), path.name)


@contextmanager
def _limits() -> Iterator[None]:
    def hung(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Hung(f"more than {CPU_LIMIT_S:g} s of reckoning, or {WAIT_LIMIT_S:g} s of waiting")

    before = [(number, signal.signal(number, hung)) for number in (signal.SIGPROF, signal.SIGALRM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, cast("signal.Handlers", handler))


def limit_memory() -> None:
    """Let this process have no more memory than a parser could ever want."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


@contextmanager
def hushed() -> Iterator[None]:
    """Let nothing that is tried speak: it would say the same thing a hundred thousand times."""
    before, aloud = structlog.get_config(), os.dup(2)
    silent = os.open(os.devnull, os.O_WRONLY)
    structlog.configure(processors=[_dropped])
    logging.disable(logging.CRITICAL)
    os.dup2(silent, 2)  # libjpeg speaks past Python
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(aloud, 2)
        os.close(aloud)
        os.close(silent)
        logging.disable(logging.NOTSET)
        structlog.configure(**before)


def _dropped(*_said: object) -> NoReturn:
    raise structlog.DropEvent

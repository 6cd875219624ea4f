"""What the screen shows while a PLC hangs, refuses one block, or is killed; FUXA's answers are those of `hmi.md` §6.

A whole site runs; a screen at its control room sees 1,500 words of one PLC, fast. An alarm that stands on one of its
values and one whose range holds 0 must change nothing while the PLC is away: all that is told is that the link is lost.
"""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scada.config import load
from scada.model.tag import Quality
from tests.bench.carsite import EDGES, REFUSED, BenchSite, bench_site, word
from tests.bench.libmodbus import compiled, serving
from tests.bench.person import Person
from tests.bench.screens import Screen, sign_in
from tests.bench.support import kept, run, show

LIMIT_S = 900
WORDS = 1_500
ROUNDS = 3
AWAY_S = 8.0
"""So long a PLC hangs or is away: the alarm of its link comes after 3 s."""
WAIT_S = 30.0
BAD_S, BACK_S = 2.0, 5.5
STANDS, ZERO, LINK = "site.bench_stands", "site.bench_zero", "communication"
GOOD = Quality.GOOD.status_code
_WORDS = {
    "text_zh": "台架", "consequence": "-", "consequence_zh": "-", "response": "-", "response_zh": "-",
    "within_s": 60, "link": "/tags", "per": "site", "priority": 4,
}  # fmt: skip
ALARMS = (
    {"code": "bench_stands", "when": f"{EDGES[0]} > 0", "text": "A value stands", **_WORDS},
    {"code": "bench_zero", "when": f"{EDGES[1]} < 1", "text": "A value is zero", **_WORDS},
)


@dataclass
class Picture:
    """What a screen shows of the bench's PLC."""

    status: dict[str, int] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    """Tags whose status has changed since it was last emptied."""

    def take(self, name: str, _value: object, status: int) -> None:
        """Take a change."""
        if name.startswith(("bench.w", "edge.")):
            if self.status.get(name) != status:
                self.changed.add(name)
            self.status[name] = status

    def good(self) -> int:
        """Count the tags that are shown as good."""
        return sum(status == GOOD for status in self.status.values())

    def bad(self) -> int:
        """Count the tags that are shown as bad."""
        return sum(bool(status & 0x80000000) for status in self.status.values())


@dataclass
class Found:
    """What the rounds gave: seconds until all was as it has to be, and what was wrong."""

    gone_s: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def until_s(condition: Callable[[], bool]) -> float:
    """Wait until something is so; gives after how long. Raises TimeoutError."""
    began_s = time.monotonic()
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - any condition, not one event
            await asyncio.sleep(0.005)
    return time.monotonic() - began_s


class Trial:
    """One site, one screen, one person, and the PLC that misbehaves."""

    def __init__(self, site: BenchSite, program: Path, stack: ExitStack) -> None:
        self._program, self._stack = program, stack
        self._plc = site.pids["bench"]
        self._port = _port_of(site)
        self._person = Person(site)
        self.picture = Picture()
        cookie = sign_in(site.url, site.name, site.password)
        self.screen = Screen(site.port, cookie, told=self.picture.take)
        self.count = WORDS + len(EDGES)

    def all_good(self) -> bool:
        """Say whether everything is shown as good."""
        return self.picture.good() == self.count

    async def alarms(self) -> dict[str, dict[str, Any]]:
        """Give the alarms of the list."""
        return await asyncio.to_thread(self._person.alarms)

    async def begin(self) -> None:
        """Wait until all is well and the alarm stands, and let a person have seen it.

        Once more after each round: what stands below another alarm calls anew when that one is over.
        """
        await until_s(self.all_good)
        async with asyncio.timeout(WAIT_S):
            while (state := (await self.alarms()).get(STANDS, {}).get("state")) != "ACKED":
                if state == "UNACK":
                    await asyncio.to_thread(self._person.acknowledge, STANDS)
                await asyncio.sleep(0.2)

    async def hangs(self) -> Found:
        """Let the PLC accept what comes and answer nothing."""
        found = Found()
        for _ in range(ROUNDS):
            os.kill(self._plc, signal.SIGSTOP)
            try:
                found.gone_s.append(await until_s(lambda: self.picture.good() == 0))
                await asyncio.sleep(AWAY_S)
                found.wrong += await self._while_away()
            finally:
                os.kill(self._plc, signal.SIGCONT)
            found.back_s.append(await until_s(self.all_good))
            await self._link_is_back()
        return found

    async def refuses(self) -> Found:
        """Let the PLC answer one part of its registers with an exception."""
        refused = {word(number) for number in range(REFUSED, WORDS)}
        found = Found()
        for _ in range(ROUNDS):
            self.picture.changed.clear()
            os.kill(self._plc, signal.SIGUSR1)
            try:
                found.gone_s.append(await until_s(lambda: self.picture.bad() == len(refused)))
                await asyncio.sleep(2.0)
                if others := self.picture.changed - refused:
                    found.wrong.append(f"{len(others)} other tags changed their quality")
            finally:
                os.kill(self._plc, signal.SIGUSR1)
            found.back_s.append(await until_s(self.all_good))
        return found

    async def dies(self) -> Found:
        """Kill the PLC, and start it again."""
        found = Found()
        for _ in range(ROUNDS):
            os.kill(self._plc, signal.SIGKILL)
            found.gone_s.append(await until_s(lambda: self.picture.bad() == self.count))
            await asyncio.sleep(AWAY_S)
            found.wrong += await self._while_away()
            again = serving(self._program, "site", self._port, 10, 300)
            self._plc = self._stack.enter_context(again)
            found.back_s.append(await until_s(self.all_good))
            await self._link_is_back()
        return found

    async def _while_away(self) -> list[str]:
        """Say what of the alarms is not as it has to be."""
        rows = await self.alarms()
        stands, zero = rows.get(STANDS), rows.get(ZERO)
        links = [name for name, row in rows.items() if row["code"] == LINK and row["state"] in ("UNACK", "ACKED")]
        wrong = []
        if stands is None or not stands["unknown"] or stands["state"] not in ("ACKED", "DSUPR"):
            wrong.append(f"the alarm that stood is {stands and (stands['state'], stands['unknown'])}")
        if zero is not None and zero["state"] in ("UNACK", "ACKED"):
            wrong.append(f"the alarm of 0 is {zero['state']}")
        if len(links) != 1:
            wrong.append(f"{len(links)} alarms say that a link is lost")
        return wrong

    async def _link_is_back(self) -> None:
        """Wait until the link's alarm is over, and let a person have seen it."""
        async with asyncio.timeout(WAIT_S):
            while links := [name for name, row in (await self.alarms()).items() if row["code"] == LINK]:
                await asyncio.to_thread(self._person.acknowledge, *links)
                await asyncio.sleep(0.5)
        await self.begin()


def _port_of(site: BenchSite) -> int:
    config = load(site.path)
    lines = config.beside(config.tags.devices).read_text(encoding="utf-8").splitlines()
    return next(int(line.split(",")[3]) for line in lines if line.startswith("bench,"))


def row(name: str, found: Found, theirs: str, *, back: bool = True) -> list[str]:
    """Write a line of the table."""
    gone, again = max(found.gone_s), max(found.back_s)
    good = gone <= BAD_S and (not back or again <= BACK_S) and not found.wrong
    limit = f"≤ {BAD_S:.0f} s, back ≤ {BACK_S} s" if back else f"≤ {BAD_S:.0f} s, others good"
    wrong = "; ".join(sorted(set(found.wrong))) or "none"
    return [name, f"{min(found.gone_s):.2f}–{gone:.2f} s", f"{again:.2f} s", wrong, theirs, limit, kept(good)]


async def measure(site: BenchSite, program: Path, stack: ExitStack) -> list[list[str]]:
    """Let the PLC misbehave in every way."""
    trial = await asyncio.to_thread(Trial, site, program, stack)
    staying = asyncio.create_task(trial.screen.stay())
    try:
        await trial.begin()
        return [
            row("hangs: takes connections, says nothing", await trial.hangs(), "live for all 25 s"),
            row("one block refused", await trial.refuses(), "frozen, no quality, 12 s", back=False),
            row("killed", await trial.dies(), "8.0 s, back 3 s; alarms fell and rose"),
        ]
    finally:
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)


def main() -> None:
    """Show the table."""
    with tempfile.TemporaryDirectory(prefix="dz-") as name, ExitStack() as stack:
        folder = Path(name)
        program = compiled(folder)
        site = stack.enter_context(bench_site(folder, program, words=WORDS, alarms=ALARMS))
        rows = asyncio.run(measure(site, program, stack))
    columns = ["the PLC", "not good on screen", "good after", "wrong", "FUXA", "limit", ""]
    note = (
        "Killed and hung: no alarm changes its state, its condition is unknown, exactly one says that the link is lost."
    )
    show(f"{WORDS:,} tags on a screen, {ROUNDS} times each", columns, rows, note)
    if broken := [line[0] for line in rows if line[-1] != "kept"]:
        raise SystemExit(f"not kept: {'; '.join(broken)}")


if __name__ == "__main__":
    run(main, LIMIT_S)

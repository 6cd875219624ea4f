"""A virtual PLC: one ladder a lane, scanned every 10 ms of real time; what it retains lives in a file."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from plc.sim.ladder import power_up, scan
from plc.sim.memory import Inputs, Memory, Retained, Settings

SCAN_MS = 10
WORDS_WRITTEN = ("hb.server", "claim.wanted", "mode.wanted")
"""The points that a server writes one by one; the command block is written as one."""

Face = Callable[[], Awaitable[None]]
"""Shows the memory to one protocol after a scan."""


class Machine:
    """The lanes of one device. Faces and the field change its inputs; it alone scans."""

    def __init__(
        self, lanes: Iterable[str], kept: Mapping[str, Retained], settings: Mapping[str, Settings], store: Path
    ) -> None:
        self._store = store
        self._scanning: dict[str, Memory] = {
            lane: power_up(kept.get(lane, Retained()), settings.get(lane, Settings())) for lane in lanes
        }
        self.memories: Mapping[str, Memory] = dict(self._scanning)
        """What is seen from outside: nothing of it can be taken back by a power cut."""
        self._inputs = {lane: Inputs() for lane in self._scanning}
        self._kept: dict[str, Retained] = {}
        self._faces: list[Face] = []
        self._scanned = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when it scans no more."""

    def show_by(self, face: Face) -> None:
        """Call the face after every scan."""
        self._faces.append(face)

    def wire(self, lane: str, changes: Mapping[str, bool]) -> None:
        """Change the lane's field contacts. Raises KeyError for an unknown lane or contact."""
        unknown = set(changes) - CONTACTS
        if unknown:
            raise KeyError(f"no contact {', '.join(sorted(unknown))}")
        contacts: dict[str, Any] = {name: bool(on) for name, on in changes.items()}
        self._inputs[lane] = replace(self._inputs[lane], **contacts)

    def hear(self, lane: str, *, heartbeat: int, claim_wanted: int, mode_wanted: int) -> None:
        """Take the server's heartbeat and its wishes for the lane."""
        self._inputs[lane] = replace(
            self._inputs[lane], heartbeat=heartbeat, claim_wanted=claim_wanted, mode_wanted=mode_wanted
        )

    def command(self, lane: str, words: tuple[int, ...]) -> None:
        """Take a command block of nine words."""
        self._inputs[lane] = replace(self._inputs[lane], command=words)

    async def next_scan(self) -> None:
        """Wait until a scan that saw everything given so far is over."""
        self._scanned.clear()
        await self._scanned.wait()

    async def run(self) -> None:
        """Scan until cancelled; scans that are late are made up for. Raises OSError: what it retains cannot be kept."""
        try:
            await self._scan_on()
        finally:
            self.ended.set()

    async def _scan_on(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            due_s += SCAN_MS / 1000
            await asyncio.sleep(max(due_s - loop.time(), 0.0))
            late = int((loop.time() - due_s) * 1000) // SCAN_MS
            due_s += late * SCAN_MS / 1000
            for _ in range(1 + late):
                self._scan()
            await self._keep()
            self.memories = dict(self._scanning)
            for face in self._faces:
                await face()
            self._scanned.set()

    def _scan(self) -> None:
        for lane, memory in self._scanning.items():
            self._scanning[lane] = scan(memory, self._inputs[lane], SCAN_MS)

    async def _keep(self) -> None:
        """Have on disk what must survive before anybody can see it."""
        retained = {lane: memory.retained for lane, memory in self._scanning.items()}
        if retained != self._kept:
            await asyncio.to_thread(_write, self._store, retained)
            self._kept = retained


CONTACTS = {one.name for one in fields(Inputs) if one.type is bool}
"""What the field side may change."""


def read_retained(store: Path) -> dict[str, Retained]:
    """Read what a machine kept; nothing on its first day."""
    if not store.exists():
        return {}
    return {lane: Retained(**fields) for lane, fields in json.loads(store.read_text(encoding="utf-8")).items()}


def _write(store: Path, retained: dict[str, Retained]) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    fresh = store.with_suffix(".new")
    fresh.write_text(json.dumps({lane: asdict(kept) for lane, kept in retained.items()}), encoding="utf-8")
    os.replace(fresh, store)

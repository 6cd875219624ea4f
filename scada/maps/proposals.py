"""The control bridge's verbs by which a map is brought, looked at, signed by a second person, and put to use."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from scada.clock import Clock
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.maps.desk import LONGEST_WAIT_S, outcome_of, told
from scada.maps.inuse import Applied, Proposal, Refused, SiteMap
from scada.ports import Journal, JournalEntry
from scada.store.mapproposals import APPLIED, MISTAKEN, OPEN, SIGNED, WITHDRAWN, Brought, MapProposals, signed
from scada.store.mapversions import MapVersions, digest

MOST_BYTES: Final = 1_000_000
"""A file that is brought: a map of 5,000 rows has half of it."""
MOST_CHANGES: Final = 500
MOST_STANDING: Final = 20
"""Maps that wait at the same time: each is kept on disk until somebody decides."""
NAMES: Final = ("map", "devices")
_HIGHEST: Final = 1_000_000


class ProposalDesk:
    """Takes maps from people; the desk checks the rights. Whoever brought a map never signs it."""

    def __init__(
        self, maps: SiteMap, proposals: MapProposals, versions: MapVersions, journal: Journal, clock: Clock
    ) -> None:
        self._maps = maps
        self._proposals = proposals
        self._versions = versions
        self._journal = journal
        self._clock = clock

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {
            "map_proposals": self._list,
            "propose_map": self._bring,
            "sign_map": self._sign,
            "apply_map": self._apply,
            "withdraw_map": self._withdraw,
            "map_difference": self._difference,
            "map_file": self._file,
        }

    async def _list(self, _ask: Ask) -> object:
        """Give what was brought, newest first."""
        return [asdict(one) for one in await asyncio.to_thread(self._proposals.all)]

    async def _bring(self, ask: Ask) -> object:
        """Keep a map, or a device table, or both, with the rest as it is in use; say what is wrong with it."""
        files = {name: _bytes(ask, name) for name in NAMES if ask.args.get(name)}
        if not files:
            raise BridgeRefusal("bad_args", f"a file of {' or '.join(NAMES)} is missing")
        standing = [one for one in await asyncio.to_thread(self._proposals.all) if one.state in (OPEN, SIGNED)]
        if len(standing) >= MOST_STANDING:
            raise BridgeRefusal("refused", f"{MOST_STANDING} maps wait already: withdraw some")
        why, whole = text_of(ask, "why"), {**await self._maps.contents(), **files}
        brought = await asyncio.to_thread(self._proposals.add, whole, ask.user, why, self._clock.now())
        await self._note(ask.user, "tag map brought", brought, {"sha": digest(whole), "files": sorted(files)})
        found = await self._told(self._proposals.folder_of(brought.number))
        if not found["ok"]:
            brought = replace(brought, state=MISTAKEN)
            await asyncio.to_thread(self._proposals.write, brought)
        return {**asdict(brought), **found}

    async def _difference(self, ask: Ask) -> object:
        """Say what a map that was brought, or a former version, would change now."""
        return await self._told(await self._folder(ask))

    async def _sign(self, ask: Ask) -> object:
        """Stand for a map that somebody else has brought."""
        brought = await self._standing(ask, OPEN)
        if brought.by.casefold() == ask.user.casefold():
            raise BridgeRefusal("refused", "whoever brought a map does not sign it: a second person must")
        if isinstance(await self._maps.examine(self._proposals.folder_of(brought.number)), Refused):
            raise BridgeRefusal("refused", "the map has mistakes: bring a better one")
        done = signed(brought, ask.user, self._clock.now())
        await self._note(ask.user, "tag map signed", done, {})
        await asyncio.to_thread(self._proposals.write, done)
        return asdict(done)

    async def _apply(self, ask: Ask) -> object:
        """Put a signed map to use, device by device as lanes are idle; asked again, it goes on."""
        brought = await self._standing(ask, SIGNED, APPLIED)
        wait_s = whole_number(ask, "wait_s", 0, LONGEST_WAIT_S)
        folder = self._proposals.folder_of(brought.number)
        before = self._maps.version
        outcome = await self._maps.adopt(folder, ask.user, f"{brought.why} ({brought.signed_by})", wait_s)
        if isinstance(outcome, Applied):
            done = replace(brought, state=APPLIED, version=outcome.version)
            await self._note(ask.user, "tag map applied", done, {"before": before, "after": outcome.version})
            await asyncio.to_thread(self._proposals.write, done)
        return outcome_of(outcome)

    async def _withdraw(self, ask: Ask) -> object:
        """Take back a map that is not in use."""
        brought = await self._standing(ask, OPEN, SIGNED)
        done = replace(brought, state=WITHDRAWN)
        await self._note(ask.user, "tag map withdrawn", done, {"reason": text_of(ask, "why")})
        await asyncio.to_thread(self._proposals.write, done)
        return asdict(done)

    async def _file(self, ask: Ask) -> object:
        """Give a file as it was brought, or as it was in a version."""
        name = text_of(ask, "name")
        if name not in NAMES:
            raise BridgeRefusal("bad_args", f"name: one of {', '.join(NAMES)}")
        content = await asyncio.to_thread((await self._folder(ask) / name).read_bytes)
        return {"content_b64": base64.b64encode(content).decode("ascii")}

    async def _folder(self, ask: Ask) -> Path:
        if ask.args.get("version"):
            number = whole_number(ask, "version", 1, _HIGHEST)
            version = await asyncio.to_thread(self._versions.find, number)
            if version is None:
                raise BridgeRefusal("gone", f"there is no version {number}")
            return version.folder
        return self._proposals.folder_of((await self._standing(ask)).number)

    async def _standing(self, ask: Ask, *states: str) -> Brought:
        number = whole_number(ask, "number", 1, _HIGHEST)
        brought = await asyncio.to_thread(self._proposals.find, number)
        if brought is None:
            raise BridgeRefusal("gone", f"there is no proposal {number}")
        if states and brought.state == MISTAKEN:
            raise BridgeRefusal("refused", "the map has mistakes: bring a better one")
        if states and brought.state not in states:
            raise BridgeRefusal("refused", f"the proposal is {brought.state}")
        return brought

    async def _told(self, folder: Path) -> dict[str, object]:
        found = await self._maps.examine(folder)
        findings = [replace(one, file=Path(one.file).name) for one in found.findings]
        if not isinstance(found, Proposal):
            return {"ok": False, "findings": told(findings)}
        return {"ok": True, "findings": told(findings), "differences": _cut(found)}

    async def _note(self, by: str, what: str, brought: Brought, more: Mapping[str, object]) -> None:
        body = {"number": brought.number, "why": brought.why, "brought_by": brought.by, **more}
        await self._journal.append([JournalEntry("person", by, what, body=body)])


def _cut(found: Proposal) -> dict[str, object]:
    """Give what differs, as many tags as a person reads, and how many there are."""
    shown = replace(found.found, tags=found.found.tags[:MOST_CHANGES])
    return {**shown.as_json(), "same": found.found.is_none, "count": len(found.found.tags)}


def _bytes(ask: Ask, name: str) -> bytes:
    text = ask.args.get(name)
    if not isinstance(text, str) or len(text) > MOST_BYTES * 4 // 3 + 4:
        raise BridgeRefusal("bad_args", f"{name}: a file of at most {MOST_BYTES} bytes")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BridgeRefusal("bad_args", f"{name}: not in base64") from error

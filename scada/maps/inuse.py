"""The site's tag map while the plant runs: which one is in use, and how another one takes its place.

Lint, show what differs, then apply it device by device: a device without changes keeps its socket, and a lane changes
only while nobody is in it. A map with a mistake changes nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from plc import tagmap
from plc.map.addresses import side_by_side
from plc.map.findings import ERROR, Finding
from plc.map.mapped import TagMap
from plc.map.whole.differences import DeviceChange, Differences, differences
from plc.tagmap import Files
from scada.clock import Clock
from scada.engine.links import Links
from scada.engine.tags import TagTable
from scada.maps.back import why_second
from scada.model.names import LaneName
from scada.model.tag import TagName, TagSpec
from scada.ports import Driver, Journal, JournalEntry
from scada.store.mapversions import MapVersions, Version

LOOK_S = 0.1
_WRITE_TAGS = "write a line for each tag below the first one"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a map is made into: specs of tags and drivers of devices; whom it concerns; and who is in a lane now."""

    tags: TagTable
    links: Links
    journal: Journal
    specs: Callable[[TagMap], Sequence[TagSpec]]
    drivers: Callable[[TagMap], Sequence[Driver]]
    changed: Callable[[TagMap], None]
    busy: Callable[[LaneName], str]


@dataclass(frozen=True, slots=True)
class Refused:
    """The map changes nothing, and why."""

    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A map that may be used, and what would change."""

    tag_map: TagMap
    files: Mapping[str, bytes]
    found: Differences
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a map: its version, which devices have changed, and which wait and for what."""

    version: int
    done: tuple[str, ...]
    waiting: Mapping[str, str] = field(default_factory=dict)


class SiteMap:
    """Holds the map in use; one change at a time."""

    def __init__(self, files: Files, versions: MapVersions, clock: Clock, tag_map: TagMap, version: int) -> None:
        self._files = files
        self._versions = versions
        self._clock = clock
        self._one = asyncio.Lock()
        self._place: dict[TagName, tuple[str, str]] = {}
        self.version = version
        self.parts: Parts | None = None
        self._use(tag_map)

    @property
    def tag_map(self) -> TagMap:
        """Give the map in use."""
        return self._tag_map

    def place(self, name: TagName) -> tuple[str, str]:
        """Say where a tag lives, in all forms, and its class; nothing for the server's own."""
        return self._place.get(name, ("", ""))

    async def versions(self) -> Sequence[Version]:
        """Give all maps that were ever used here."""
        return await asyncio.to_thread(self._versions.all)

    async def propose(self) -> Proposal | Refused:
        """Read the files anew and say what they would change."""
        return await asyncio.to_thread(self._proposed, self._files)

    async def reload(self, by: str, why: str, wait_s: float) -> Applied | Refused:
        """Use the files as they are now."""
        return await self._adopt(self._files, by, why, wait_s)

    async def examine(self, folder: Path) -> Proposal | Refused:
        """Say what the files that lie in a folder, under names of their own, would change."""
        return await asyncio.to_thread(self._proposed, tagmap.files_in(folder, self._files))

    async def adopt(self, folder: Path, by: str, why: str, wait_s: float) -> Applied | Refused:
        """Use the files that lie in a folder, under names of their own."""
        return await self._adopt(tagmap.files_in(folder, self._files), by, why, wait_s)

    async def contents(self) -> Mapping[str, bytes]:
        """Give the files of the map in use, under names of their own. Raises OSError."""
        version = await asyncio.to_thread(self._versions.find, self.version)
        files = self._files if version is None else tagmap.files_in(version.folder, self._files)
        return await asyncio.to_thread(tagmap.contents, files)

    async def _adopt(self, files: Files, by: str, why: str, wait_s: float) -> Applied | Refused:
        async with self._one:
            proposal = await asyncio.to_thread(self._proposed, files)
            if isinstance(proposal, Refused):
                return proposal
            at = self._clock.now()
            version = await asyncio.to_thread(self._versions.keep, proposal.files, by, why, at)
            return await self._apply(proposal, version, by, {"why": why}, wait_s, newly=True)

    async def needs_second(self, number: int) -> str:
        """Say why nobody may go back to a version alone; nothing if one may."""
        newly = await asyncio.to_thread(self._versions.newly)
        return why_second(number, self.version, newly, self._clock.now())

    async def go_back(self, number: int, by: str, second: str, why: str, wait_s: float) -> Applied | Refused | None:
        """Use a former map again; None if there is none of that number."""
        async with self._one:
            version = await asyncio.to_thread(self._versions.find, number)
            if version is None:
                return None
            proposal = await asyncio.to_thread(self._proposed, tagmap.files_in(version.folder, self._files))
            if isinstance(proposal, Refused):
                return proposal
            more = {"why": why, **({"second": second} if second else {})}
            return await self._apply(proposal, version, by, more, wait_s, newly=False)

    def _proposed(self, files: Files) -> Proposal | Refused:
        try:
            content = tagmap.contents(files)
            tag_map, findings = tagmap.examine(*files)
            if tagmap.contents(files) != content:
                return _unread(files, "it was changed while it was read", "try again when nobody is writing it")
        except OSError as error:
            return _unread(files, str(error), "look at the files")
        errors = [one for one in findings if one.severity == ERROR and not self._has_no_auto_anyway(one, tag_map)]
        if not (errors or tag_map.tags):
            errors = [Finding(ERROR, "E24", str(files[0]), 1, "tag", "the map names no tag", _WRITE_TAGS)]
        if errors:
            return Refused(errors)
        return Proposal(tag_map, content, differences(self._tag_map, tag_map), findings)

    def _has_no_auto_anyway(self, finding: Finding, new: TagMap) -> bool:
        """A change never takes AUTO from a lane; one that has none may go on without it."""
        if finding.code != tagmap.OF_A_LANE:
            return False
        before = {tag.lane for tag in self._tag_map.tags}
        return all(lane not in before or lane in self._tag_map.no_auto for lane in new.no_auto)

    async def _apply(
        self, proposal: Proposal, version: Version, by: str, said: Mapping[str, str], wait_s: float, *, newly: bool
    ) -> Applied:
        """Write down who brings which map, then exchange device by device as their lanes are idle."""
        parts = self._parts()
        found = proposal.found
        body: dict[str, object] = {
            "version": version.number,
            "sha": version.sha,
            "devices": [change.device for change in found.devices],
            "tags": len(found.tags),
            **said,
        }
        await parts.journal.append([JournalEntry("person", by, "tag map", body=body)])
        await asyncio.to_thread(self._versions.activate, version.number, self._clock.now() if newly else None)
        self.version = version.number
        waiting = {change.device: change for change in found.devices}
        until_s = self._clock.seconds() + wait_s
        while True:
            for changes in _together(list(waiting.values()), self._tag_map, proposal.tag_map):
                if not any(map(self._busy, changes)):
                    await self._exchange(changes, proposal.tag_map)
                    waiting = {name: change for name, change in waiting.items() if change not in changes}
            if not waiting or self._clock.seconds() >= until_s:
                break
            await asyncio.sleep(LOOK_S)
        if not waiting:
            self._use(proposal.tag_map)
            parts.tags.remap(parts.specs(self._tag_map))
            parts.changed(self._tag_map)
        left = {name: self._busy(change) or "tags move from or to it" for name, change in waiting.items()}
        done = tuple(change.device for change in found.devices if change.device not in left)
        log.info("tag map applied", version=version.number, by=by, done=done, waiting=list(left))
        return Applied(version.number, done, left)

    def _busy(self, change: DeviceChange) -> str:
        parts = self._parts()
        for name in parts.tags.pulsing:
            if parts.tags.spec(name).device == change.device:
                return f"{name} is pulsing"
        return next((why for lane in change.lanes if (why := parts.busy(LaneName(lane)))), "")

    async def _exchange(self, changes: Sequence[DeviceChange], new: TagMap) -> None:
        """Let some devices be as the new map says, and everything else as it was."""
        parts, composed = self._parts(), self._tag_map
        for change in changes:
            composed = _with_device(composed, new, change)
        again = [change.device for change in changes if change.restarts]
        drivers = [driver for device in again for driver in parts.drivers(_only(composed, device))]
        for device in again:
            await parts.links.stop(device)
        self._use(composed)
        parts.tags.remap(parts.specs(composed))
        for driver in drivers:
            parts.links.start(driver)
        parts.tags.connect(parts.links.drivers, parts.journal)
        parts.changed(composed)

    def _use(self, tag_map: TagMap) -> None:
        self._tag_map = tag_map
        self._place = {
            tag.name: (" = ".join(side_by_side(tag.address, device.base, device.profile)), tag.scan.value)
            for tag in tag_map.tags
            if (device := tag_map.devices.get(tag.spec.device)) is not None
        }

    def _parts(self) -> Parts:
        if self.parts is None:
            raise RuntimeError("the map is not connected to the plant yet")
        return self.parts


def start_map(files: Files, versions: MapVersions, clock: Clock) -> tuple[TagMap, int]:
    """Choose the map to start with. Raises TagMapError.

    Files that were seen before are not looked at again: the version in use goes on, be it an older one. New files are
    used if they have no mistake; if they have one, the version in use goes on.
    """
    active = versions.active()
    try:
        content = tagmap.contents(files)
        if active is None or versions.of(content) is None:
            tag_map = tagmap.read_map(*files)
            version = versions.keep(content, "start", "the files were new at a start", clock.now())
            versions.activate(version.number, clock.now())
            return tag_map, version.number
    except (OSError, tagmap.TagMapError) as error:
        if active is None:
            return tagmap.read_map(*files), 0
        log.error("the tag map has mistakes; the one in use goes on", version=active.number, error=str(error))
    return tagmap.read_map(*tagmap.files_in(active.folder, files)), active.number


def _unread(files: Files, text: str, remedy: str) -> Refused:
    return Refused([Finding(ERROR, "E00", str(files[0]), 1, "", text, remedy)])


def _together(changes: Sequence[DeviceChange], old: TagMap, new: TagMap) -> list[list[DeviceChange]]:
    """Group devices between which tags move: a tag has one device at every moment, for what it says and is told."""
    before = {tag.name: tag.spec.device for tag in old.tags}
    groups = [[change] for change in changes]
    for tag in new.tags:
        ends = {tag.spec.device, before.get(tag.name, tag.spec.device)}
        joined = [group for group in groups if any(change.device in ends for change in group)] if len(ends) > 1 else []
        if len(joined) > 1:
            groups = [group for group in groups if group not in joined]
            groups.append([change for group in joined for change in group])
    return groups


def _with_device(old: TagMap, new: TagMap, change: DeviceChange) -> TagMap:
    """Take one device, its tags and its lanes from the new map, and the rest from the old."""
    device = change.device
    fresh = new.on(device)
    names = {tag.name for tag in fresh}
    kept = (tag for tag in old.tags if tag.spec.device != device and tag.name not in names)
    devices = {name: one for name, one in old.devices.items() if name != device}
    if device in new.devices:
        devices[device] = new.devices[device]
    no_auto = {lane: why for lane, why in old.no_auto.items() if lane not in change.lanes}
    no_auto |= {lane: why for lane, why in new.no_auto.items() if lane in change.lanes}
    return TagMap((*kept, *fresh), devices, no_auto, old.derived)


def _only(tag_map: TagMap, device: str) -> TagMap:
    return replace(tag_map, tags=tag_map.on(device))

"""What a drill can do to its own site: kill and unplug its processes, and give orders at its desk."""

import asyncio
from collections.abc import Mapping

from scada.model.names import LaneName
from scada.sim.carpark import ready
from scada.sim.stage.story import since
from scada.sim.trial.facts import facts_of
from scada.sim.trial.running import TrialSite
from scada.sim.trial.terminal import command


class SiteBackstage:
    """The curtain's other side of a running trial site. What is killed is written down for the judge."""

    def __init__(self, site: TrialSite) -> None:
        self._site = site
        self._began = site.clock.now()
        self._down: set[str] = set()

    async def kill(self, part: str) -> None:
        """Kill a process and wait until its keeper has it running again."""
        self._site.truth.write("killed", part=part)
        keeper = self._site.keepers[part]
        keeper.kill()
        await ready(keeper)
        self._site.truth.write("back", part=part)

    async def unplug(self, part: str) -> None:
        """Keep a process down."""
        self._down.add(part)
        self._site.truth.write("killed", part=part)
        await self._site.keepers[part].__aexit__()

    async def plug(self, part: str) -> None:
        """Start it again and wait until it serves."""
        keeper = self._site.keepers[part]
        await keeper.__aenter__()
        await ready(keeper)
        self._down.discard(part)
        self._site.truth.write("back", part=part)

    async def mend(self) -> list[str]:
        """Start whatever is still down; gives its names."""
        mended = sorted(self._down)
        for part in mended:
            await self.plug(part)
        return mended

    async def tell(self, lane: LaneName, path: str, content: Mapping[str, object]) -> object:
        """Give an order at the control room."""
        return await asyncio.to_thread(self._site.desk.tell, lane, path, content)

    async def office(self, *words: str) -> int:
        """Give a command of `daozha` at the office's terminal; gives its exit code."""
        return await command(self._site.config.folder / "config.toml", *words)

    @property
    def second(self) -> Mapping[str, str]:
        """Name and password of a second person, as an order takes them."""
        return self._site.second

    def at_desk(self, present: bool) -> None:
        """Let the operator decide cases, or not."""
        self._site.operator.present = present

    async def alarms(self, lane: LaneName, code: str) -> int:
        """Say how often an alarm was raised at a lane since the scenario began."""
        facts = since(await asyncio.to_thread(facts_of, self._site.config), self._began)
        return sum(row["kind"] == "alarm" and row["what"] == code and row["lane"] == lane for row in facts.journal)

    async def tags(self) -> Mapping[str, object]:
        """Give the tags as the control room shows them."""
        return await asyncio.to_thread(self._site.desk.tags)

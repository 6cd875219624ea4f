"""The shell around a lane machine: it reads, steps, journals, and has the commands carried out."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from scada.engine.lane.barrier import Barrier
from scada.engine.lane.perform import LaneParts, Performer
from scada.engine.lane.record import Begins, step_entries
from scada.engine.lane.restart import doubted, end_of_command, take_over
from scada.engine.lanetags import described
from scada.engine.mailbox import EveryItem, Mailbox
from scada.engine.tags import Batch
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import Command, Message
from scada.model.lane.display import shown
from scada.model.lane.image import LaneImage
from scada.model.lane.states import Lane
from scada.model.lane.step import step
from scada.model.lane.tide import open_ways
from scada.model.lane.words import BOTH_WAYS, Direction, Fate, OpenRequest
from scada.model.names import LaneName, PassageId, PictureId, StayId
from scada.model.plate import is_unplated
from scada.model.tag import TagName, TagValue
from scada.ports import BillingError
from scada.settings.lanes import Lane as LaneConfig

TICK_S = 0.1
"""How often a lane hears that time has passed when nothing else happens."""
INBOX = 256
PAGE_ROWS = 500
"""After so many rows the whole lane is written again."""
TIDE_S = 5.0
"""How often a tidal lane looks at the clock."""

log = structlog.get_logger()


class LaneRunner:
    """One lane of the site."""

    def __init__(self, config: LaneConfig, parts: LaneParts) -> None:
        self.name = config.id
        self.lane = Lane(config.id, config.leads, two_way=config.direction == "both")
        self._tides = config.turns
        self._timing = config.waits
        self._parts = parts
        self._inbox: Mailbox[e.Event] = Mailbox(f"lane {config.name}", INBOX, EveryItem())
        self._tags: Mailbox[Batch] = Mailbox(f"tags of {config.name}", INBOX, EveryItem())
        self._performer = Performer(config.id, parts, self.post)
        self._barrier = Barrier(config.id, parts)
        self._request_tag = TagName(f"{config.id}.gate.open_request")
        self._page: int | None = None
        """How many rows were written since the last whole lane; None: no row yet."""

    def post(self, event: e.Event) -> None:
        """Give the lane an event; never waits."""
        self._inbox.put(event)

    @property
    def live(self) -> PassageId | None:
        """The passage of the car that stands there now."""
        return self.lane.live.id if self.lane.live else None

    def shown(self, way: Direction | None = None) -> dict[str, object]:
        """Give what the lane's display shows now; in a lane for both ways, to those who would go this way.

        Only here stands the code of a car's ticket: no tag and no row of the journal has it.
        """
        show = shown(self.lane, way)
        live, lets_go = self.lane.live, show.message in (Message.GO, Message.PLEASE_GO)
        by_ticket = live is not None and live.read is not None and is_unplated(live.read.text)
        comes_in = lets_go and by_ticket and self.lane.direction is Direction.ENTRY
        code = self._parts.claim_code(live.id) if live is not None and comes_in else ""
        return {**self._performer.display(show, self.lane), "claim_code": code}

    def boxes(self) -> Mapping[TagName, Callable[[], int]]:
        """Give the lane's queues by the tags that show how many waited in them."""
        return {
            TagName(f"{self.name}.box.events"): self._inbox.deepest,
            TagName(f"{self.name}.box.tags"): self._tags.deepest,
        }

    async def run(self) -> None:
        """Run the lane until cancelled; what breaks it rises to the supervisor."""
        self._parts.tags.subscribe(self._tags, self._parts.watched)
        try:
            async with asyncio.TaskGroup() as group:
                self._performer.group = group
                await self._take_over(group)
                group.create_task(self._watch(), name=f"tags of {self.name}")
                group.create_task(self._turn(), name=f"tides of {self.name}")
                while True:
                    seen = self.lane.image
                    await self._handle(await self._inbox.get_within(TICK_S) or self._time_passed())
                    await self._barrier.stepped(seen, self.lane, group)
        finally:
            self._parts.tags.unsubscribe(self._tags)

    async def _take_over(self, group: asyncio.TaskGroup) -> None:
        """Go on where a former server stopped; a lane of which nothing is known begins idle."""
        taken = await take_over(self._parts, self.lane)
        self.lane = taken.lane
        for command in taken.missing:
            await self._make_up_for(command)
        if taken.left is not None:
            await self._handle(e.Recovered(taken.left.at_s, taken.left.command, **self._now()))
        self._parts.tags.set_all(described(self.lane))
        self._tell_stuck()
        await self._barrier.begins(self.lane)
        await self._performer.perform(shown(self.lane), self.lane)
        if isinstance(self.lane.state, s.Recovering) and self.live is not None:
            group.create_task(self._hear_end(self.live), name=f"former command of {self.name}")

    async def _make_up_for(self, command: Command) -> None:
        """Write what a former server had decided and perhaps not written; what cannot be written is in doubt."""
        try:
            await self._performer.perform(command, self.lane)
        except BillingError as error:
            log.error("a former server's decision cannot be written", lane=self.name, error=str(error))
            await doubted(self._parts, self.name, command, str(error))

    async def _hear_end(self, passage: PassageId) -> None:
        """Tell the lane what became of a former server's command, once the book says so."""
        match await end_of_command(self._parts, passage):
            case Fate.DONE:
                self.post(e.CommandDone(passage, **self._now()))
            case Fate.NOT_DONE:
                self.post(e.CommandRefused(passage, "a former server's command was not done", **self._now()))
            case _:
                self.post(e.CommandUnknown(passage, "nobody can tell what a former command did", **self._now()))

    def _time_passed(self) -> e.Event:
        """Time passed; the image is looked at again, since a heartbeat goes bad by standing still."""
        image = self._parts.gatekeeper.image()
        return self._seen(image) if image != self.lane.image else e.TimePassed(**self._now())

    async def _turn(self) -> None:
        """Turn a tidal lane when its time has come; a person may turn it in between."""
        last = BOTH_WAYS
        while self._tides:
            ways = open_ways(self._tides, self._parts.clock.now().astimezone(self._parts.zone).time())
            if ways != last:
                self.post(e.TideTurned(ways, "tide", **self._now()))
            last = ways
            await asyncio.sleep(TIDE_S)

    async def _watch(self) -> None:
        async for batch in self._tags:
            if (request := batch.get(self._request_tag)) is not None:
                self._request(request)
            self.post(self._seen(self._parts.gatekeeper.image()))

    def _request(self, written: TagValue) -> None:
        if not isinstance(written.value, str) or not written.value:
            return
        try:
            self.post(e.OpenRequested(OpenRequest.from_text(written.value), **self._now()))
        except (ValueError, KeyError, TypeError) as error:
            log.error("not a gate-open request", tag=self._request_tag, error=str(error))

    def _seen(self, image: LaneImage) -> e.ImageSeen:
        return e.ImageSeen(image, **self._now())

    def _now(self) -> e.Now:
        return {"at": self._parts.clock.now(), "at_s": self._parts.clock.seconds()}

    async def _handle(self, event: e.Event) -> None:
        """Decide, write it down, then act: the journal comes before the output (invariant 10)."""
        before = self.lane
        done = step(before, event, self._timing)
        if entries := step_entries(before, event, done, self._timing, self._begins()):
            await self._parts.journal.append(entries)
            self._page = 0 if "begins" in entries[0].body or self._page is None else self._page + 1
        self.lane = done.lane
        self._tell(before, event)
        for command in done.commands:
            await self._performer.perform(command, self.lane)

    def _begins(self) -> Begins | None:
        """Say whether the next row must hold the whole lane: a new server reads back to the last such row."""
        if self._page is None:
            return Begins.SERVER
        return Begins.PAGE if self._page >= PAGE_ROWS else None

    def _tell(self, before: Lane, event: e.Event) -> None:
        tags = dict(described(self.lane))
        picture = _picture_of(event)
        if picture is not None or self.live != (before.live.id if before.live else None):
            tags[TagName(f"{self.name}.picture")] = picture or ""
        self._parts.tags.set_all(tags)
        self._tell_stuck()
        if self.live is not None and (before.live is None or before.live.id != self.live):
            self._performer.passage_began(self.live, event.at_s)

    def _tell_stuck(self) -> None:
        """Say on the loop's own tag that the cameras see nobody on it; its next turn is believed again."""
        loop = TagName(f"{self.name}.loop.{'closing' if self.lane.image.inner_side else 'approach'}")
        if self.lane.stuck and loop in self._parts.tags:
            self._parts.tags.doubt(loop)


def stands_elsewhere(runners: Mapping[LaneName, LaneRunner], lane: LaneName, stay: StayId) -> bool:
    """Say whether the car of a stay stands at another boom than this lane's, as far as its plate tells."""
    others = (runner.lane.live for name, runner in runners.items() if name != lane)
    return any(live is not None and live.stay == stay for live in others)


def _picture_of(event: e.Event) -> PictureId | None:
    match event:
        case e.PlateSeen(reading=reading):
            return reading.picture
        case _:
            return None

"""The training room: one lesson at a time, from its beginning to its mark."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Final

import structlog

from scada.model.training.judge import judged
from scada.model.training.lessons import LESSONS
from scada.sim.carpark import way
from scada.sim.scenario import Casting, Pace
from scada.sim.stage.stage import Missed, Stage
from scada.sim.stage.switch import SwitchError
from scada.sim.training.deeds import Told, told
from scada.sim.training.plays import PLAYS, Play
from scada.sim.training.record import RecordError, Records, Result, written
from scada.sim.training.scene import Ground, Scene
from scada.supervise import NotReady

log = structlog.get_logger()

BEGIN_S: Final = 150.0
"""How long a lesson may take to come about."""
ARISE_S: Final = 60.0
"""How long the plant may take to call a person after that."""
LIMIT_S: Final = 180.0
"""How long a person may take; then the lesson is over."""
REST_S: Final = 90.0
LOOK_S: Final = 0.5
SHOWN: Final = 500
"""So many results are told at once, the newest first."""


class Phase(Enum):
    """How far a lesson is."""

    PREPARING = "preparing"
    WAITING = "waiting"
    RUNNING = "running"
    CLEARING = "clearing"


class Busy(Exception):
    """A lesson is under way, there is none such, or it is not for this person."""


@dataclass(slots=True)
class Now:
    """The lesson under way. `hidden`: its title is not told before it is over."""

    lesson: str
    trainee: str
    hidden: bool
    phase: Phase = Phase.PREPARING
    plate: str = ""
    told: Told = field(default_factory=Told)


class TrainingRoom:
    """Plays lessons and keeps their marks; its methods are called in the room's own loop."""

    def __init__(self, ground: Ground, records: Records, seed: int, say: Callable[[str], None]) -> None:
        self._ground = ground
        self._records = records
        self._chance = Random(seed)  # noqa: S311 - which plates come, not a secret
        self._seed = seed
        self._say = say
        self._now: Now | None = None
        self._task: asyncio.Task[None] | None = None
        self._played = 0
        self._trouble = ""
        self._is_closing = False

    def state(self) -> dict[str, object]:
        """Tell the lesson under way and the marks."""
        results = [written(result) for result in reversed(self._records.results[-SHOWN:])]
        return {"lessons": list(LESSONS), "now": self._shown(), "trouble": self._trouble, "results": results}

    def start(self, lesson: str, trainee: str, *, keeps_money: bool = False) -> None:
        """Begin a lesson; without a name any, which is not told. Raises Busy."""
        if self._now is not None:
            raise Busy("a lesson is under way: end it first, or wait")
        if lesson and lesson not in PLAYS:
            raise Busy(f"there is no lesson {lesson[:40]!r}")
        fitting = [name for name in PLAYS if keeps_money or not LESSONS[name].about_money]
        if lesson and lesson not in fitting:
            raise Busy("this lesson is for managers: an operator may not close a case about money")
        chosen = lesson or self._chance.choice(fitting)
        self._now = Now(chosen, trainee, not lesson)
        self._trouble = ""
        self._task = asyncio.create_task(self._play(self._now), name=f"lesson {chosen}")

    async def stop(self) -> None:
        """End the lesson under way without a mark; what is being cleared is cleared to its end."""
        if self._now is not None and self._now.phase is not Phase.CLEARING:
            await self._cancelled()

    async def close(self) -> None:
        """End the lesson under way and leave the lanes as they are: the site goes."""
        self._is_closing = True
        await self._cancelled()

    async def _cancelled(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _shown(self) -> dict[str, object] | None:
        now = self._now
        if now is None:
            return None
        arose = now.told.arose_at
        since_s = None if arose is None else round((self._ground.clock.now() - arose).total_seconds(), 1)
        return {
            "lesson": now.lesson,
            "trainee": now.trainee,
            "hidden": now.hidden,
            "phase": now.phase.value,
            "plate": now.plate,
            "since_s": since_s,
            "answered_s": now.told.course.answered_s,
        }

    async def _play(self, now: Now) -> None:
        self._played += 1
        scene = Scene(self._stage(now), self._ground, self._chance)
        play = PLAYS[now.lesson]()
        try:
            await self._perform(now, scene, play)
        except (Missed, SwitchError, NotReady, TimeoutError) as missed:
            self._trouble = "the lesson did not come about; take it again"
            log.warning("lesson missed", lesson=now.lesson, why=str(missed) or "it took too long")
        except Exception as broken:  # a lesson that breaks must not take the room with it
            self._trouble = "the lesson did not come about; take it again"
            log.exception("lesson broken", lesson=now.lesson, error=repr(broken))
        finally:
            now.phase = Phase.CLEARING
            try:
                if not self._is_closing:
                    await self._clear(scene)
            finally:
                self._now = None

    async def _perform(self, now: Now, scene: Scene, play: Play) -> None:
        self._say(f"{now.trainee}: {now.lesson}")
        async with asyncio.timeout(BEGIN_S):
            await play.begin(scene)
        now.phase, now.plate = Phase.WAITING, scene.plate
        await self._watch(now, scene, play)
        mark = judged(LESSONS[now.lesson], now.told.course)
        by = now.told.who if now.told.who != now.trainee else ""
        result = Result(now.trainee, now.lesson, self._ground.clock.now(), now.told.course, mark, by)
        try:
            self._records.add(result)
        except RecordError as error:
            self._trouble = str(error)
            log.error("a result is not written down", why=str(error))
        self._say(f"{now.trainee}: {now.lesson}: {mark.verdict.value}, {mark.points} points")

    async def _watch(self, now: Now, scene: Scene, play: Play) -> None:
        """Look at what the plant writes down until the lesson is over. Raises Missed if nobody is ever called."""
        seconds = self._ground.clock.seconds
        began_s, overs = seconds(), 0
        while overs < 2:
            now.told = await self._look(scene)
            if now.told.arose_at is None and seconds() - began_s > ARISE_S:
                raise Missed("the plant called nobody")
            if now.told.arose_at is not None:
                now.phase = Phase.RUNNING
                if scene.since(now.told) > LIMIT_S:
                    return
            await play.react(scene, now.told)
            overs = overs + 1 if play.is_over(scene, now.told) else 0
            await asyncio.sleep(LOOK_S)

    async def _look(self, scene: Scene) -> Told:
        books, began = self._ground.books, scene.began_at

        def look() -> Told:
            return told(scene.asked, books.cases(began), books.journal(began))

        return await asyncio.to_thread(look)

    async def _clear(self, scene: Scene) -> None:
        """Put all right and wait until nobody stands in a lane."""
        try:
            async with asyncio.timeout(REST_S):
                await scene.tidy()
        except (TimeoutError, NotReady, SwitchError) as error:
            self._trouble = "the lanes did not come to rest; look at them before the next lesson"
            log.warning("not cleared", why=str(error) or "it took too long")

    def _stage(self, now: Now) -> Stage:
        ground = self._ground
        lanes, pace = way(ground.config), Pace(1.0, (1.0, 1.0), 1.0, ground.clock.speed)
        casting = Casting("normal", self._seed + self._played, pace, lanes)
        title = f"{now.lesson}-{self._played}"
        return Stage(title, ground.config, ground.cars, casting, ground.clock, ground.clock.speed, lanes, None)

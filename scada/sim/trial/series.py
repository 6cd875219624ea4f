"""Named scenarios, one after the other on a running site; the judge looks at the books after each.

The lanes come to rest between two scenarios; a site that does not is left for a new one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

import structlog

from scada.clock import SystemClock
from scada.model.tag import TagName
from scada.sim.carpark import way
from scada.sim.people.pages import PageError
from scada.sim.scenario import Casting, Pace
from scada.sim.scenarios import BOTH_PROTOCOLS, ONE_GATE, SCENARIOS, Scenario
from scada.sim.stage.stage import Missed, Stage
from scada.sim.stage.story import Story, since
from scada.sim.stage.switch import SwitchError
from scada.sim.stage.verdict import Verdict
from scada.sim.trial.backstage import SiteBackstage
from scada.sim.trial.facts import Facts, facts_of
from scada.sim.trial.judge import judge
from scada.sim.trial.running import Say, TrialSite, running
from scada.sim.trial.shape import Shape
from scada.sim.trial.site import prepare, read_rows
from scada.sim.trial.truth import truth_of
from scada.supervise import NotReady

T = TypeVar("T")
log = structlog.get_logger()

TARIFF = {"free_entry_duration": 1, "free_exit_duration": 60}
"""Everybody owes something at once, and who has paid has time to come back."""
TIMING = {"t_stuck_approach_s": 12.0, "t_stuck_safety_s": 12.0}
"""Nobody wants to wait ten minutes for a stuck loop."""
PLAY_S = 400.0
REST_S = 40.0
SETTLE_S = 6.0
"""How long the books may lag behind the lanes."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one scenario."""

    scenario: str
    expected: str
    happened: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Scenarios for one kind of site."""

    names: tuple[str, ...]
    shape: Shape = Shape.SHIPPED


def plans(names: Sequence[str]) -> list[Plan]:
    """Say on which sites scenarios are played: with the lanes they need, and some over either protocol."""
    lanes = [name for name in names if name not in ONE_GATE]
    gate = [name for name in names if name in ONE_GATE]
    played = {
        Shape.SHIPPED: lanes,
        Shape.SWAPPED: [name for name in lanes if name in BOTH_PROTOCOLS],
        Shape.GATE: gate,
        Shape.GATE_SWAPPED: [name for name in gate if name in BOTH_PROTOCOLS],
    }
    return [Plan(tuple(some), shape) for shape, some in played.items() if some]


def merged(results: Sequence[Result]) -> list[Result]:
    """Make one result of a scenario's plays on several sites."""
    names = dict.fromkeys(one.scenario for one in results)
    return [_one([one for one in results if one.scenario == name]) for name in names]


def _one(plays: Sequence[Result]) -> Result:
    first = plays[0]
    return Result(
        first.scenario, first.expected, " | ".join(one.happened for one in plays), all(one.ok for one in plays)
    )


async def play_all(names: Sequence[str], base: Path, folder: Path, clock: SystemClock, say: Say) -> list[Result]:
    """Play scenarios on sites of their own. Raises NotReady if a site does not come up."""
    numbers, results = count(1), list[Result]()
    for plan in plans(names):
        left = list(plan.names)
        while left:
            into = folder / str(next(numbers))
            path = prepare(into, base, shape=plan.shape, tariff=TARIFF, timing=TIMING, all_ways_to_pay=True)
            async with running(path, clock, say) as site:
                async for result in _play_while_at_rest(site, left, plan.shape, say):
                    results.append(result)
    return merged(results)


async def _play_while_at_rest(site: TrialSite, left: list[str], shape: Shape, say: Say) -> AsyncIterator[Result]:
    """Play what is left, taking each off the list, as long as the site comes to rest after it."""
    broken = set[str]()
    protocols = _protocols(site)
    await _at_rest(site)
    while left:
        scenario = SCENARIOS[left.pop(0)]
        say(f"{scenario.name} ({shape.value}) …")
        verdict, is_at_rest = await _play(site, scenario, broken)
        how = f"{protocols}: " if scenario.name in BOTH_PROTOCOLS else ""
        say(f"{scenario.name}: {'good' if verdict.ok else 'NOT GOOD: ' + verdict.happened}")
        yield Result(scenario.name, scenario.expected, how + verdict.happened, verdict.ok)
        if not is_at_rest:
            return


async def _play(site: TrialSite, scenario: Scenario, broken: set[str]) -> tuple[Verdict, bool]:
    """Play one scenario, let the lanes come to rest, and judge it."""
    backstage, began, mark = SiteBackstage(site), site.clock.now(), len(site.truth.rows)
    stage = _stage(site, scenario, backstage)
    missed = ""
    try:
        async with asyncio.timeout(PLAY_S):
            await scenario.play(stage)
    except TimeoutError:
        missed = f"not over after {PLAY_S:.0f} s"
    except (Missed, SwitchError, PageError, NotReady) as error:
        missed = str(error)
    mended = await _tidy(site, stage, backstage)
    is_at_rest = await _at_rest(site)
    if mended:
        missed = missed or f"left down: {', '.join(mended)}"
    verdict = await _judged(site, scenario, stage, began, mark)
    new = await _newly_broken(site, broken)
    rest = "" if is_at_rest else "the lanes did not come to rest"
    told = [text for text in (missed, verdict.happened, *new, rest) if text]
    return Verdict("; ".join(told), verdict.ok and not (missed or new or rest)), is_at_rest


def _stage(site: TrialSite, scenario: Scenario, backstage: SiteBackstage) -> Stage:
    lanes = way(site.config)
    pace = Pace(1.0, (1.0, 1.0), 1.0, site.clock.speed)
    casting = Casting("normal", len(site.truth.rows), pace, lanes)
    played = sum(row["what"] == "scenario" for row in site.truth.rows)
    site.truth.write("scenario", name=scenario.name)
    title = f"{scenario.name}-{played}" if played else scenario.name
    return Stage(title, site.config, site.cars, casting, site.clock, site.clock.speed, lanes, backstage)


async def _tidy(site: TrialSite, stage: Stage, backstage: SiteBackstage) -> list[str]:
    """Put everything right that the scenario left as it was."""
    stage.close()
    backstage.at_desk(present=True)
    await asyncio.to_thread(stage.wechat.clear)
    mended = await backstage.mend()
    if "feed" in mended:
        site.cars.park.light_cameras()
    return mended


async def _judged(site: TrialSite, scenario: Scenario, stage: Stage, began: datetime, mark: int) -> Verdict:
    """Let the scenario judge its story; the books may lag a little."""

    async def look() -> Verdict:
        facts = since(await asyncio.to_thread(facts_of, site.config), began)
        truth = truth_of(site.truth.rows[mark:])
        return scenario.judge(Story(truth, facts, stage.cast, way(site.config), stage.notes))

    return await _settled(look, lambda verdict: verdict.ok)


async def _newly_broken(site: TrialSite, broken: set[str]) -> list[str]:
    """Give the invariants that were not broken before; the books may lag a little."""

    async def look() -> set[str]:
        facts: Facts = await asyncio.to_thread(facts_of, site.config)
        found = judge(truth_of(site.truth.rows), facts)["invariants_broken"]
        return {str(one) for one in found} - broken if isinstance(found, list) else set()

    new = await _settled(look, lambda found: not found)
    broken |= new
    return [f"BROKEN {one}" for one in sorted(new)]


async def _settled(look: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    """Look until it is good, or `SETTLE_S` have passed; gives the last look."""
    found = await look()
    for _ in range(round(SETTLE_S)):
        if good(found):
            break
        await asyncio.sleep(1.0)
        found = await look()
    return found


async def _at_rest(site: TrialSite) -> bool:
    """Wait until no car is in any lane, every boom is down, and the site says that its lanes are idle."""
    try:
        async with asyncio.timeout(REST_S):
            while not (_are_empty(site) and await _are_idle(site)):  # noqa: ASYNC110 neither tells when
                await asyncio.sleep(0.5)
    except TimeoutError:
        return False
    return True


def _are_empty(site: TrialSite) -> bool:
    park = site.cars.park
    return park.is_wired() and not any(road.everybody or park.board(road.lane).boom > 0 for road in park.world.roads)


async def _are_idle(site: TrialSite) -> bool:
    try:
        tags = await asyncio.to_thread(site.desk.tags)
    except PageError as error:
        log.warning("no snapshot", why=str(error))
        return False
    return all(tags.get(TagName(f"{lane.name}.lane.state")) == "idle" for lane in site.config.lanes)


def _protocols(site: TrialSite) -> str:
    """Say by which protocol the exit is commanded."""
    rows = read_rows(site.config.beside(site.config.tags.map))
    devices = {row["device"]: row["protocol"] for row in read_rows(site.config.beside(site.config.tags.devices))}
    _, leave = way(site.config)
    used = {devices[row["device"]] for row in rows if row["tag"].startswith(f"{leave}.")}
    return f"{leave} over {' and '.join(sorted(used))}"

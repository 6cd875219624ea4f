"""The virtual car park's operator: signed in at the control room, he decides the cases that open there.

He looks through the window: the world tells him what a person would see, and nothing else does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

import structlog

from scada.model.lane.words import Direction, Reason
from scada.model.names import LaneName
from scada.model.plate import Plate, is_nearly, is_unplated
from scada.model.tag import Quality
from scada.sim.people.pages import Browser, PageError, SignedOut

log = structlog.get_logger()

LOOK_S = 1.0
PATIENCE_LOOKS = 4
"""Looks between two decisions on the same case: the lane needs a moment."""
OPEN_TRIES = 3
STAY_OFF = timedelta(minutes=5)
"""How far a stay's beginning may be from when the driver says he came, plus what the park's clock runs in 30 s."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person sees and hears at a boom: the plate, a driver without a phone, when he says he came, his way."""

    plate: Plate
    dead_phone: bool
    entered_at: datetime | None
    leads: Direction


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the control room shows it."""

    lane: LaneName
    passage: str
    state: str
    stay: str


@dataclass(frozen=True, slots=True)
class Offered:
    """An open stay as the control room lists it."""

    stay: str
    plate: Plate
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An UNCERTAIN entry by which the car may have come in, as the control room offers it."""

    entry: int
    plate: Plate


@dataclass(frozen=True, slots=True)
class CorrectPlate:
    """Say which plate the car wears."""

    plate: Plate


@dataclass(frozen=True, slots=True)
class PickStay:
    """Say which stay the car belongs to."""

    stay: str


@dataclass(frozen=True, slots=True)
class CameIn:
    """Say by which UNCERTAIN entry the car came in: its stay begins there, and is the car's."""

    entry: int


@dataclass(frozen=True, slots=True)
class OpenFor:
    """Open for the car that stands there."""

    reason: Reason


Decision = CorrectPlate | CameIn | PickStay | OpenFor


def decide(
    case: Case,
    seen: Seen,
    tried: Sequence[Decision],
    offered: Sequence[Offered],
    in_doubt: Sequence[InDoubt] = (),
    off: timedelta = STAY_OFF,
) -> Decision | None:
    """Decide what a person would do next; None: wait."""
    if case.state != "awaiting_operator" and not (seen.dead_phone and case.stay and case.state == "awaiting_payment"):
        return None
    opens = sum(isinstance(one, OpenFor) for one in tried)
    if seen.dead_phone and case.stay:
        return OpenFor(Reason.EQUIPMENT) if opens < OPEN_TRIES else None
    alike = [one for one in in_doubt if is_nearly(one.plate, seen.plate)]
    entry = min(alike, key=lambda one: one.plate != seen.plate, default=None)
    if seen.leads is Direction.EXIT and entry is not None and not any(isinstance(one, CameIn) for one in tried):
        return CameIn(entry.entry)
    if not any(isinstance(one, CorrectPlate) for one in tried):
        return CorrectPlate(seen.plate)
    stay = _fitting(offered, seen, off)
    if seen.leads is Direction.EXIT and stay is not None and not any(isinstance(one, PickStay) for one in tried):
        return PickStay(stay)
    return OpenFor(Reason.EQUIPMENT) if opens < OPEN_TRIES else None


def _fitting(offered: Sequence[Offered], seen: Seen, off: timedelta) -> str | None:
    """Give the stay that began when the driver says he came, under his plate, one like it, or none."""
    entered_at = seen.entered_at
    if entered_at is None:
        return None
    fits = [one for one in offered if is_unplated(one.plate) or is_nearly(one.plate, seen.plate)]
    near = [one for one in fits if abs(one.entered_at - entered_at) <= off]
    best = min(near, key=lambda one: abs(one.entered_at - entered_at), default=None)
    return best.stay if best is not None else None


class Desk:
    """The operator's browser at the control room. Every method blocks and raises PageError."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self._url = url
        self._name = name
        self._password = password
        self._browser = Browser()
        self._token = ""

    def sign_in(self) -> None:
        """Sign in as a person does."""
        form = self._browser.open(f"{self._url}/sign-in").form("password")
        if form is None:
            raise PageError(f"{self._url}/sign-in: no form that asks for a password")
        page = self._browser.submit(form, name=self._name, password=self._password)
        if page.url.endswith("/sign-in") or not page.csrf_token:
            raise PageError(f"sign in as {self._name}: refused")
        self._token = page.csrf_token

    def tags(self) -> dict[str, object]:
        """Give all tags' values as the overview shows them: none where it withholds one or hears no plant."""
        content = self._still_in(lambda: self._browser.json(f"{self._url}/api/v1/snapshot"))
        if not isinstance(content, dict) or not isinstance(content.get("tags"), dict):
            raise PageError(f"{self._url}/api/v1/snapshot: {str(content)[:100]}")
        is_heard = content.get("up") is True
        return {
            name: tag["value"] if is_heard and Quality(tag["status"]).is_good else None
            for name, tag in content["tags"].items()
        }

    def open_stays(self) -> list[Offered]:
        """Give the stays that may be picked."""
        content = self._still_in(lambda: self._browser.json(f"{self._url}/api/v1/open-stays"))
        if not isinstance(content, list):
            raise PageError(f"{self._url}/api/v1/open-stays: {str(content)[:100]}")
        return [Offered(row["stay"], Plate(row["plate"]), datetime.fromisoformat(row["entered_at"])) for row in content]

    def in_doubt(self, case: Case) -> list[InDoubt]:
        """Give the UNCERTAIN entries that are offered for a car."""
        url = f"{self._url}/api/v1/desk/car?{urlencode({'lane': case.lane, 'passage': case.passage})}"
        content = self._still_in(lambda: self._browser.json(url))
        if not isinstance(content, dict) or not isinstance(content.get("in_doubt"), list):
            raise PageError(f"{url}: {str(content)[:100]}")
        return [InDoubt(row["id"], Plate(row["plate"])) for row in content["in_doubt"]]

    def do(self, case: Case, decision: Decision) -> object:
        """Carry a decision out; gives the answer, a refusal too."""
        match decision:
            case CorrectPlate(plate):
                return self.tell(case.lane, "plate", {"passage": case.passage, "plate": plate})
            case CameIn(entry):
                return self._came_in(case, entry)
            case PickStay(stay):
                return self.tell(case.lane, "stay", {"passage": case.passage, "stay": stay})
            case OpenFor(reason):
                return self.tell(case.lane, "open", {"passage": case.passage, "reason": reason.value, "note": ""})

    def _came_in(self, case: Case, entry: int) -> object:
        """Do what the desk's dialog does: settle the entry, then pick the stay that has begun."""
        content = {"id": entry, "found": "inside", "evidence": f"it stands at {case.lane}"}
        done = self._post(f"{self._url}/api/v1/stocktake/doubts", content)
        stay = done.get("stay") if isinstance(done, dict) else None
        return self.do(case, PickStay(str(stay))) if stay else done

    def tell(self, lane: LaneName, path: str, content: Mapping[str, object]) -> object:
        """Give a lane an order; gives the answer, a refusal too."""
        return self._post(f"{self._url}/api/v1/lanes/{lane}/{path}", content)

    def _post(self, url: str, content: Mapping[str, object]) -> object:
        return self._still_in(lambda: self._browser.send(url, content, **{"X-CSRFToken": self._token}))

    def _still_in(self, ask: Callable[[], object]) -> object:
        """Ask; who was in and is signed out meanwhile, after hours or by a restart, signs in again as a person does."""
        try:
            return ask()
        except SignedOut:
            if not self._token:
                raise
        self.sign_in()
        return ask()

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()


@dataclass(slots=True)
class _File:
    tried: list[Decision] = field(default_factory=list)
    looks: int = PATIENCE_LOOKS


class Operator:
    """Watches the cases of all lanes. `cases` counts the passages he decided on."""

    def __init__(
        self,
        desk: Desk,
        lanes: Sequence[LaneName],
        look: Callable[[LaneName], Seen | None],
        speed: float = 1.0,
    ) -> None:
        self._desk = desk
        self._lanes = lanes
        self._look = look
        self._off = STAY_OFF + timedelta(seconds=30 * speed)
        self._files: dict[str, _File] = {}
        self.present = True
        """Away, he looks at nothing and decides nothing."""

    @property
    def cases(self) -> int:
        """How many passages he has decided something on."""
        return sum(bool(file.tried) for file in self._files.values())

    async def run(self) -> None:
        """Look once a second until cancelled; a page that fails is tried again, after signing in anew."""
        is_in = False
        while True:
            try:
                if not is_in:
                    await asyncio.to_thread(self._desk.sign_in)
                    is_in = True
                await self._round(await asyncio.to_thread(self._desk.tags))
            except PageError as error:
                log.warning("operator at a loss", why=str(error))
                is_in = False
            await asyncio.sleep(LOOK_S)

    async def _round(self, tags: Mapping[str, object]) -> None:
        for lane in self._lanes if self.present else ():
            passage, why = tags.get(f"{lane}.passage"), tags.get(f"{lane}.case")
            seen = self._look(lane)
            if passage and why and seen is not None:
                state, stay = tags.get(f"{lane}.lane.state"), tags.get(f"{lane}.stay")
                await self._take(Case(lane, str(passage), str(state), str(stay or "")), seen)

    async def _take(self, case: Case, seen: Seen) -> None:
        file = self._files.setdefault(case.passage, _File())
        file.looks += 1
        if file.looks < PATIENCE_LOOKS:
            return
        is_out = seen.leads is Direction.EXIT
        offered = await asyncio.to_thread(self._desk.open_stays) if is_out else []
        in_doubt = await asyncio.to_thread(self._desk.in_doubt, case) if is_out else []
        decision = decide(case, seen, file.tried, offered, in_doubt, self._off)
        if decision is None:
            return
        answer = await asyncio.to_thread(self._desk.do, case, decision)
        file.tried.append(decision)
        file.looks = 0
        log.info("operator decided", lane=case.lane, passage=case.passage, what=type(decision).__name__, answer=answer)

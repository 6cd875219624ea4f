"""The virtual car park's operator: signed in at the control room, he decides the cases that open there.

He looks through the window: the world tells him what a person would see, and nothing else does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from scada.model.lane.words import Direction, Reason
from scada.model.names import LaneName
from scada.model.plate import Plate
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
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class CorrectPlate:
    """Say which plate the car wears."""

    plate: Plate


@dataclass(frozen=True, slots=True)
class PickStay:
    """Say which stay the car belongs to."""

    stay: str


@dataclass(frozen=True, slots=True)
class OpenFor:
    """Open for the car that stands there."""

    reason: Reason


Decision = CorrectPlate | PickStay | OpenFor


def decide(
    case: Case, seen: Seen, tried: Sequence[Decision], offered: Sequence[Offered], off: timedelta = STAY_OFF
) -> Decision | None:
    """Decide what a person would do next; None: wait."""
    if case.state != "awaiting_operator" and not (seen.dead_phone and case.stay and case.state == "awaiting_payment"):
        return None
    opens = sum(isinstance(one, OpenFor) for one in tried)
    if seen.dead_phone and case.stay:
        return OpenFor(Reason.EQUIPMENT) if opens < OPEN_TRIES else None
    if not any(isinstance(one, CorrectPlate) for one in tried):
        return CorrectPlate(seen.plate)
    stay = _fitting(offered, seen.entered_at, off)
    if seen.leads is Direction.EXIT and stay is not None and not any(isinstance(one, PickStay) for one in tried):
        return PickStay(stay)
    return OpenFor(Reason.EQUIPMENT) if opens < OPEN_TRIES else None


def _fitting(offered: Sequence[Offered], entered_at: datetime | None, off: timedelta) -> str | None:
    """Give the stay that began when the driver says he came."""
    if entered_at is None:
        return None
    near = [one for one in offered if abs(one.entered_at - entered_at) <= off]
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
        return [Offered(row["stay"], datetime.fromisoformat(row["entered_at"])) for row in content]

    def do(self, case: Case, decision: Decision) -> object:
        """Carry a decision out; gives the answer, a refusal too."""
        path, content = _request(case, decision)
        return self.tell(case.lane, path, content)

    def tell(self, lane: LaneName, path: str, content: Mapping[str, object]) -> object:
        """Give a lane an order; gives the answer, a refusal too."""
        url = f"{self._url}/api/v1/lanes/{lane}/{path}"
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


def _request(case: Case, decision: Decision) -> tuple[str, dict[str, str]]:
    match decision:
        case CorrectPlate(plate):
            return "plate", {"passage": case.passage, "plate": plate}
        case PickStay(stay):
            return "stay", {"passage": case.passage, "stay": stay}
        case OpenFor(reason):
            return "open", {"passage": case.passage, "reason": reason.value, "note": ""}


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
        offered = await asyncio.to_thread(self._desk.open_stays) if seen.leads is Direction.EXIT else []
        decision = decide(case, seen, file.tried, offered, self._off)
        if decision is None:
            return
        answer = await asyncio.to_thread(self._desk.do, case, decision)
        file.tried.append(decision)
        file.looks = 0
        log.info("operator decided", lane=case.lane, passage=case.passage, what=type(decision).__name__, answer=answer)

"""The person in the car: reads the lane's display, scans its QR code, pays, claims, waits, goes.

He knows his own plate and when he came, and sees only what a driver sees: words, pixels and pages.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from lpr.sim import qr
from scada.clock import Clock
from scada.model.lane.commands import Message
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.people.pages import Browser, Form, Page, PageError
from scada.sim.road import CarName
from scada.sim.scenario import Person

log = structlog.get_logger()

GLANCE_S = 0.4
"""How often he looks at the display."""
TYPING_S = 1.5
TRIES = 3
"""How often he tries the same page or code before he waits for a person."""
COMPANY_S = 6.5
"""How long one who pays for an absent car waits for somebody to stand there."""
MEMORY_S = 30.0
"""How far off he may be about when he came, in real seconds of the park's clock."""
_SHOW_CODE = (Message.SCAN_PAY, Message.CODE_INVALID, Message.TOO_LITTLE_MONEY, Message.NOT_PAID)
SIMILAR = 3
"""Signs in which a candidate's plate may differ from his own."""


@dataclass(slots=True)
class Counts:
    """What the drivers did."""

    paid: int = 0
    claims: int = 0
    helps: int = 0


@dataclass(frozen=True, slots=True)
class Sign:
    """What the lane's display says, as far as a driver reads it."""

    message: Message | None

    @staticmethod
    def of(state: object) -> "Sign":
        """Read the display's state; words nobody knows are no message."""
        text = state.get("message") if isinstance(state, dict) else None
        return Sign(next((message for message in Message if message.value == text), None))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stay that the public page offers, with the form that takes it."""

    plate: str
    entered_at: datetime
    form: Form


@dataclass(slots=True)
class Mind:
    """What one driver remembers. `entered_at` is business time, when his car had come in; `codes` are those he kept."""

    car: CarName
    plate: Plate
    person: Person
    entered_at: datetime | None = None
    paid: set[str] = field(default_factory=set)
    tries: dict[str, int] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    played: bool = False

    def tires_of(self, thing: str) -> bool:
        """Count a try; say whether it was one too many."""
        self.tries[thing] = self.tries.get(thing, 0) + 1
        return self.tries[thing] > TRIES


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every driver has around him: screens, the road (who stands at the boom; reverse), a watch.

    `speed`: how fast the business clock runs on his watch.
    """

    devices_url: str
    wechat_url: str
    at_boom: Callable[[LaneName, Direction], CarName | None]
    back_out: Callable[[CarName], None]
    clock: Clock
    speed: float
    counts: Counts
    scans: Callable[[LaneName, str], bool] = lambda _lane, _code: False


def pick(candidates: Sequence[Candidate], plate: Plate, entered_at: datetime, within: timedelta) -> Candidate | None:
    """Pick the stay that fits his own memory: the time he came, and a plate like his."""
    fitting = [
        one
        for one in candidates
        if abs(one.entered_at - entered_at) <= within and _differing(one.plate, plate) <= SIMILAR
    ]
    return min(fitting, key=lambda one: (_differing(one.plate, plate), abs(one.entered_at - entered_at)), default=None)


def _differing(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))


def candidates(page: Page) -> list[Candidate]:
    """Read the stays that a page offers."""
    return [
        Candidate(form.data.get("plate", ""), datetime.fromisoformat(form.data["entered-at"]), form)
        for form in page.forms
        if "stay" in form.fields and "entered-at" in form.data
    ]


class Driver:
    """Sees one car through one lane."""

    def __init__(self, mind: Mind, around: Surroundings) -> None:
        self._mind = mind
        self._around = around
        self._within = timedelta(seconds=120 + MEMORY_S * around.speed)
        self._phone = Browser()

    async def attend(self, lane: LaneName, way: Direction) -> None:
        """Do what the display asks for, as long as his car stands at the boom and his patience lasts."""
        until_s = self._around.clock.seconds() + self._mind.person.patience_s
        if self._mind.person.pay_score and way is Direction.ENTRY:
            await self._sign()
        try:
            while self._around.at_boom(lane, way) == self._mind.car:
                await asyncio.sleep(GLANCE_S)
                if self._around.clock.seconds() > until_s:
                    self._around.back_out(self._mind.car)
                    continue
                try:
                    await self._glance(lane, way)
                except PageError as error:
                    log.info("driver sees nothing", car=self._mind.car, why=str(error))
        finally:
            self._phone.close()

    async def _glance(self, lane: LaneName, way: Direction) -> None:
        display = f"{self._around.devices_url}/display/{lane}"
        state = await asyncio.to_thread(self._phone.json, f"{display}/state?way={way.value}")
        message = Sign.of(state).message
        if self._mind.person.shows_code and message in _SHOW_CODE:
            await self._show_code(lane)
            return
        if message not in (Message.SCAN_PAY, Message.SCAN_PLATE) or self._mind.person.dead_phone:
            return
        text = await asyncio.to_thread(self._scan, f"{display}/qr.png?way={way.value}")
        if text is None or self._around.at_boom(lane, way) != self._mind.car:
            return
        if text.startswith("weixin://"):
            await self._owe(lane, way, text)
        elif text.startswith("http"):
            await self._claim(text)

    def _scan(self, code: str) -> str | None:
        """Photograph the QR code on the display and decode its pixels."""
        png = self._phone.bytes(code)
        return qr.decode(png) if png else None

    async def _owe(self, lane: LaneName, way: Direction, code_url: str) -> None:
        if self._mind.person.keeps_code:
            if code_url not in self._mind.codes:
                self._mind.codes.append(code_url)
            return
        if code_url in self._mind.paid or self._mind.tires_of(code_url):
            return
        if self._mind.person.pays_for_absent and not self._mind.played:
            self._mind.played = True
            await self._pay_from_aside(lane, way, code_url)
        else:
            await asyncio.sleep(self._mind.person.pay_delay_s)
            await self._pay(code_url)

    async def _pay_from_aside(self, lane: LaneName, way: Direction, code_url: str) -> None:
        """Back away with the code in hand, and pay it when another car stands there."""
        self._around.back_out(self._mind.car)
        end_s = self._around.clock.seconds() + COMPANY_S
        alone = (self._mind.car, None)
        while self._around.clock.seconds() < end_s and self._around.at_boom(lane, way) in alone:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await self._pay(code_url)

    async def _pay(self, code_url: str) -> None:
        payment = {"code_url": code_url, "openid": f"o-{self._mind.car}"}
        answer = await asyncio.to_thread(self._phone.send, f"{self._around.wechat_url}/phone/pay", payment)
        if isinstance(answer, dict) and answer.get("result") in ("ok", "paid"):
            self._mind.paid.add(code_url)
            self._around.counts.paid += 1
        else:
            log.info("payment refused", car=self._mind.car, answer=answer)

    async def _show_code(self, lane: LaneName) -> None:
        """Hold the phone before the scanner; it shows a new code every time."""
        if self._mind.tires_of(f"scanner {lane}"):
            return
        await asyncio.sleep(self._mind.person.pay_delay_s)
        payer = {"openid": f"o-{self._mind.car}"}
        answer = await asyncio.to_thread(self._phone.send, f"{self._around.wechat_url}/phone/code", payer)
        if isinstance(answer, dict) and self._around.scans(lane, str(answer.get("auth_code"))):
            self._around.counts.paid += 1

    async def _sign(self) -> None:
        """Have let WeChat deduct the fees of his plate; it takes the money a moment after it has promised it."""
        signed = {"plate": self._mind.plate, "service": "NORMAL", "outcome": "paid", "after_s": 1.0}
        await asyncio.to_thread(self._phone.send, f"{self._around.wechat_url}/sim/plates", signed)

    async def _claim(self, url: str) -> None:
        """Take his own stay if the page that the lane's code leads to offers it; else type his own plate there."""
        if self._mind.tires_of(url):
            return
        page = await asyncio.to_thread(self._phone.open, url)
        form, mine = page.form("plate"), self._mine(page)
        if mine is not None:
            self._around.counts.claims += 1
            await asyncio.to_thread(self._phone.submit, mine.form)
            return
        if page.state not in ("asking", "candidates") or form is None:
            return
        await asyncio.sleep(TYPING_S)
        self._around.counts.claims += 1
        answer = await asyncio.to_thread(
            lambda: self._phone.submit(form, plate=self._mind.person.claims or self._mind.plate)
        )
        if answer.state == "candidates":
            await self._choose(answer)
        elif answer.state != "accepted":
            await self._call(answer)

    def _mine(self, page: Page) -> Candidate | None:
        """Give the stay that is his own, if the page offers it."""
        entered_at = self._mind.entered_at
        return pick(candidates(page), self._mind.plate, entered_at, self._within) if entered_at else None

    async def _choose(self, page: Page) -> None:
        mine = self._mine(page)
        if mine is None:
            await self._call(page)
        else:
            await asyncio.to_thread(self._phone.submit, mine.form)

    async def _call(self, page: Page) -> None:
        """Call a person, if the page lets him."""
        form = page.form("/help")
        if form is not None:
            self._around.counts.helps += 1
            await asyncio.to_thread(self._phone.submit, form)

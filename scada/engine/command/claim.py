"""How one server process holds a lane's PLC: silence, heartbeat, claim (`plc.md` §6, the server's rules 4 and 5)."""

import asyncio
import secrets
from collections.abc import Callable

import structlog

from scada.clock import Clock
from scada.engine.command.image import lane_image, plc_image
from scada.engine.command.intents import Intent, Intents, settle_left
from scada.engine.tags import TagTable
from scada.model.handshake import Mode, PlcImage, Unknowable, age_ms
from scada.model.names import LaneName
from scada.model.tag import TagName, Value
from scada.ports import Outputs, PlcError

BEAT_S = 0.3
CLAIM_AGAIN_S = 1.0
"""A claim that is not shown after this long came too early: another number is needed."""
LOOK_S = 0.1
PATIENCE_S = 6.0
"""A live claim that has not fallen by now is held by another living server; a lane not empty by now needs a person."""
LET_S = 10.0
"""How long a person's word that a lane may leave RESYNC is good; one claim is asked for on it."""
WRITE_S = 1.0
BEATS_FIRST = 2

NO_AUTO = "NO_AUTO"

Alarm = Callable[[str, str], None]
"""Takes a code and words for people."""

log = structlog.get_logger()


class Claim:
    """Holds one lane for this process, again and again, for as long as `run` runs."""

    def __init__(
        self, lane: LaneName, tags: TagTable, driver: Outputs, book: Intents, clock: Clock, alarm: Alarm
    ) -> None:
        self._lane = lane
        self._tags = tags
        self._driver = driver
        self._book = book
        self._clock = clock
        self._alarm = alarm
        self._asked: set[int] = set()
        self._asked_s = 0.0
        self._beat = secrets.randbelow(65536)
        self._beats = 0
        self._occupied_s: float | None = None
        self._let_until_s = 0.0
        self._alarmed: set[str] = set()
        self.no_auto = ""
        """Why this lane is refused AUTO: then its claim is never asked for, and one that is held is let go."""

    def owns(self, number: int) -> bool:
        """Say whether a claim that the PLC shows is one of ours."""
        return number in self._asked

    def let(self) -> None:
        """Take a person's word, once: the claim may be asked for although a car stands on the approach loop."""
        self._let_until_s = self._clock.seconds() + LET_S

    async def run(self) -> None:
        """Take the lane over and hold it; begin anew when the PLC restarts or a stranger holds it."""
        while True:
            self._asked.clear()
            self._beats = 0
            image = await self._silence()
            await self._settle(image)
            await self._hold(image.boot)

    async def _silence(self) -> PlcImage:
        """Write nothing until nobody holds the lane and the last command can no longer act."""
        last = await self._book.last()
        began_s = self._clock.seconds()
        while True:
            image = plc_image(self._tags, self._lane)
            if self.no_auto:
                self._alarm_once(NO_AUTO, f"{self._lane} is refused AUTO: {self.no_auto}")
            elif image is None:
                began_s = self._clock.seconds()
            elif image.claim_now == 0 and _is_past(last, image):
                self._alarmed -= {"STRANGER", NO_AUTO}
                return image
            elif image.claim_now and self._clock.seconds() - began_s > PATIENCE_S:
                self._alarm_once("STRANGER", f"another server holds {self._lane}; this one sends no command")
            await asyncio.sleep(LOOK_S)

    async def _settle(self, image: PlcImage) -> None:
        """Say of every command left open by a former process what became of it."""
        for intent, verdict in await settle_left(self._book, image):
            if isinstance(verdict, Unknowable):
                self._alarm("COMMAND_UNKNOWN", f"{self._lane}: command {intent.block.seq}: {verdict.why}")

    async def _hold(self, boot: int) -> None:
        """Keep the heartbeat going and the claim ours; return when it must be taken over anew."""
        log.info("lane taken over", lane=self._lane)
        while not self.no_auto:
            await self._send_beat()
            image = plc_image(self._tags, self._lane)
            if image is not None and not await self._follow(image, boot):
                return
            await asyncio.sleep(BEAT_S)

    async def _follow(self, image: PlcImage, boot: int) -> bool:
        if image.boot != boot:
            self._alarm("PLC_RESTART", f"the PLC of {self._lane} restarted")
            return False
        if image.claim_now == 0:
            await self._ask()
        elif not self.owns(image.claim_now):
            self._alarm_once("STRANGER", f"another server has taken {self._lane}; this one sends no command")
            return False
        else:
            self._asked = {image.claim_now}
            self._alarmed.clear()
        return True

    async def _ask(self) -> None:
        """Ask for the claim with a new number, once the heartbeat is heard and, after a restart, the lane is empty."""
        now_s = self._clock.seconds()
        if self._beats < BEATS_FIRST or now_s - self._asked_s < CLAIM_AGAIN_S or not self._may_ask(now_s):
            return
        number = 1 + secrets.randbelow(65535)
        self._asked.add(number)
        self._asked_s = now_s
        if await self._write("claim.wanted", number):
            log.info("claim asked for", lane=self._lane)

    def _may_ask(self, now_s: float) -> bool:
        image = lane_image(self._tags, self._lane, now_s, self.owns)
        if not image.alive or image.mode is not Mode.RESYNC:
            return image.alive
        is_let, clear = now_s < self._let_until_s, image.safety.is_off and image.beam.is_off
        if clear and (image.approach.is_off or is_let):
            self._occupied_s, self._let_until_s = None, 0.0
            return True
        self._occupied_s = now_s if self._occupied_s is None else self._occupied_s
        if now_s - self._occupied_s > PATIENCE_S:
            self._alarm_once("RESYNC_OCCUPIED", f"{self._lane}: its PLC has restarted and it is not seen empty")
        return False

    async def _send_beat(self) -> None:
        self._beat = (self._beat + 1) % 65536
        self._beats = self._beats + 1 if await self._write("hb.server", self._beat) else 0

    async def _write(self, point: str, value: Value) -> bool:
        try:
            async with asyncio.timeout(WRITE_S):
                await self._driver.write(TagName(f"{self._lane}.{point}"), value)
        except (PlcError, TimeoutError) as error:
            log.debug("handshake word not written", lane=self._lane, point=point, error=str(error))
            return False
        return True

    def _alarm_once(self, code: str, text: str) -> None:
        if code not in self._alarmed:
            self._alarmed.add(code)
            self._alarm(code, text)


def _is_past(last: Intent | None, image: PlcImage) -> bool:
    """Say that a command can no longer act: by the PLC's own clock, or because the PLC has restarted since."""
    if last is None or last.boot != image.boot:
        return True
    return age_ms(last.block.tick, image.tick) > last.block.ttl_ms

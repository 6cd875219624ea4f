"""Tells people of alarms by mail and webhook: written down first, given to each, tried again if that fails.

An occurrence is told once by each rule; one that was acknowledged before its time is not told at all. Each receiver
has a thread of its own: one that is slow keeps nobody else from being told.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.config import Config
from scada.engine.alarms.engine import AlarmEngine
from scada.engine.alarms.receiver import Receiver, call
from scada.engine.reporting.mail import NotKnown, NotSent, send, written
from scada.model.alarm.definition import AlarmId, Definition
from scada.model.alarm.kept import Kept
from scada.model.alarm.machine import CALLS, Change
from scada.model.alarm.notify import TRIES, is_wanted, pause
from scada.model.tag import TagName, Value
from scada.secretfile import read_secret
from scada.settings.notify import Notify
from scada.store import alarmnotices as outbox
from scada.store.alarmnotices import Notice
from scada.store.db import Database, StoreError

LOOK_S: Final = 5.0
TROUBLE: Final = TagName("site.notify_trouble")
OWN: Final = "notification_not_sent"
"""That sending fails is not sent."""
MOST_UNDER_WAY: Final = 20
"""Notices of one rule that are being given; more wait in the table until one of these has ended."""

log = structlog.get_logger(__name__)


class _Key(NamedTuple):
    """What one notice is."""

    alarm: AlarmId
    since: datetime
    rule: str


class Notifier:
    """Hears of every change of an alarm and gives what is due."""

    def __init__(
        self,
        config: Config,
        db: Database,
        clock: Clock,
        engine: AlarmEngine,
        show: Callable[[TagName, Value], None],
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._config = config
        self._db = db
        self._clock = clock
        self._engine = engine
        self._show = show
        self._trust = trust
        self._rules: Mapping[str, Notify] = {one.name: one for one in config.notify}
        self._zone: ZoneInfo = config.site.zone_info
        self._planned: list[Kept] = []
        self._receivers: dict[str, Receiver] = {}
        self._under_way: dict[_Key, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._showing = asyncio.Lock()
        if self._rules:
            engine.hears.append(self.hear)

    def hear(self, kept: Kept, _: Definition, change: Change) -> None:
        """Take note of an alarm that calls. Never blocks, never raises."""
        if change in CALLS and kept.memory.sounds and kept.code != OWN:
            self._planned.append(kept)
            self._wake.set()

    async def run(self) -> None:
        """Plan and give until cancelled. A database that fails costs a round."""
        try:
            while self._rules:
                try:
                    await self.look()
                except (StoreError, SQLAlchemyError) as error:
                    log.error("alarms are not sent out now", error=str(error)[:200])
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._wake.wait()
                except TimeoutError:
                    continue
                self._wake.clear()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Begin nothing more; what was not told stands in the table."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        for receiver in self._receivers.values():
            receiver.close()

    async def look(self) -> None:
        """Write down who is to be told, and begin to tell those whose time has come. Raises StoreError."""
        planned, site, now = list(self._planned), self._config.site_id, self._clock.now()
        if planned:
            await self._db.write(lambda conn: self._plan(conn, planned, now))
            del self._planned[: len(planned)]
        for rule in await self._db.read(lambda conn: outbox.rules_due(conn, site, now)):
            await self._begin(rule, now)
        await self._show_trouble()

    async def _begin(self, rule: str, now: datetime) -> None:
        """Begin to tell what is due of a rule, as far as there is room."""
        site, room = self._config.site_id, MOST_UNDER_WAY - sum(key.rule == rule for key in self._under_way)
        found = await self._db.read(lambda conn: outbox.due(conn, site, now, rule, MOST_UNDER_WAY))
        fresh = ((_Key(one.alarm, one.since, rule), one) for one in found)
        for key, notice in islice((two for two in fresh if two[0] not in self._under_way), max(room, 0)):
            self._under_way[key] = asyncio.create_task(self._give_safely(notice, key), name=f"tells {rule}")

    async def _show_trouble(self) -> None:
        """Show what stands in the table, one after another: what was read before is never shown after."""
        site = self._config.site_id
        async with self._showing:
            self._show(TROUBLE, await self._db.read(lambda conn: outbox.trouble(conn, site)))

    async def _give_safely(self, notice: Notice, key: "_Key") -> None:
        try:
            await self._give(notice)
            await self._show_trouble()
        except (StoreError, SQLAlchemyError) as error:
            log.error("an alarm is not sent out now", error=str(error)[:200])
        finally:
            del self._under_way[key]

    def _plan(self, conn: Connection, planned: list[Kept], now: datetime) -> None:
        local = now.astimezone(self._zone)
        for kept in planned:
            for rule in (one.rule for one in self._rules.values()):
                if is_wanted(rule, kept, local):
                    since = kept.since or now
                    outbox.plan(conn, self._config.site_id, kept.id, since, rule.name, now + rule.after, rule.again)

    async def _give(self, notice: Notice) -> None:
        site, rule = self._config.site_id, self._rules.get(notice.rule)
        kept = self._engine.kept.get(notice.alarm)
        gone = kept is None or not kept.memory.unacked or kept.since != notice.since
        if rule is None or kept is None or (gone and rule.after_s):
            at = self._clock.now()
            await self._db.write(lambda conn: outbox.close(conn, site, notice, outbox.DROPPED, "not needed", at))
            return
        done = list(notice.delivered)

        async def tell(to: str) -> str:
            """Give it to one; says why not, and who has it is written down at once."""
            try:
                await self._receiver(to).tell(lambda: self._send(rule, to, notice, kept))
            except (NotSent, NotKnown, OSError, UnicodeDecodeError) as error:  # told twice is better than never
                return f"{to.partition('?')[0]}: {error}"
            done.append(to)
            have = tuple(done)
            await self._db.write(lambda conn: outbox.delivered(conn, site, notice, have))
            return ""

        failed = await asyncio.gather(*(tell(to) for to in rule.targets if to not in notice.delivered))
        await self._end(notice, next(filter(None, failed), ""))

    def _receiver(self, to: str) -> Receiver:
        if to not in self._receivers:
            self._receivers[to] = Receiver(str(len(self._receivers) + 1))
        return self._receivers[to]

    async def _end(self, notice: Notice, failed: str) -> None:
        site, at = self._config.site_id, self._clock.now()
        if failed:
            log.warning("an alarm was not sent", rule=notice.rule, why=failed[:200])

        def write(conn: Connection) -> None:
            if not failed:
                outbox.close(conn, site, notice, outbox.SENT, "", at)
            elif notice.tries + 1 >= TRIES:
                outbox.close(conn, site, notice, outbox.GIVEN_UP, failed, at)
            else:
                outbox.put_off(conn, site, notice, failed, at + pause(notice.tries + 1))

        await self._db.write(write)

    def _send(self, rule: Notify, to: str, notice: Notice, kept: Kept) -> None:
        """Give one notice to one. Blocking: in a thread. Raises NotSent."""
        if to == rule.webhook:
            secret = read_secret(self._config.secret(rule.secret_file or ""))
            call(to, secret, self._told(notice, kept), self._trust)
            return
        mail = self._config.mail
        if mail is None:
            raise NotSent("there is no [mail] in config.toml")
        subject, text = self._words(rule, kept)
        key = f"{self._config.site.id} {notice.alarm} {notice.since.isoformat()} {notice.rule}"
        message = written(mail, to, subject, text, (), self._clock.now(), key)
        password = None if mail.password_file is None else read_secret(self._config.secret(mail.password_file))
        send(mail, password, message, self._trust)

    def _words(self, rule: Notify, kept: Kept) -> tuple[str, str]:
        words, site = self._engine.definitions[kept.id].words, self._config.site
        is_chinese = rule.language == "zh"
        name = site.name if is_chinese else site.name_en
        text = (words.text_zh if is_chinese else words.text).replace("{detail}", kept.detail)
        since = "" if kept.since is None else kept.since.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
        lines = [
            text,
            f"{kept.id}  {since}",
            kept.value,
            words.consequence_zh if is_chinese else words.consequence,
            words.response_zh if is_chinese else words.response,
        ]
        subject = f"{name} · P{kept.priority} · {kept.place or name} · {text}"[:200]
        return " ".join(subject.split()), "\n\n".join(line for line in lines if line) + "\n"

    def _told(self, notice: Notice, kept: Kept) -> bytes:
        words = self._engine.definitions[kept.id].words
        told = {
            "site": self._config.site.id,
            "alarm": kept.id,
            "priority": kept.priority,
            "place": kept.place,
            "lane": kept.lane,
            "state": kept.memory.shown.value,
            "since": notice.since.isoformat(),
            "sent_at": self._clock.now().isoformat(),
            "value": kept.value,
            "text": words.text.replace("{detail}", kept.detail),
            "text_zh": words.text_zh.replace("{detail}", kept.detail),
            "response": words.response,
            "response_zh": words.response_zh,
        }
        return orjson.dumps(told)

"""Who is told of an alarm: by a real webhook and a real mail server, once each, whatever fails or restarts."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import ClassVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Connection

from scada.engine.alarms.notifier import TROUBLE, Notifier
from scada.engine.alarms.receiver import SIGNATURE, call, signature
from scada.engine.reporting.mail import NotSent
from scada.model.alarm.definition import AlarmId
from scada.model.alarm.machine import Acknowledge
from scada.model.names import SiteId
from scada.settings.notify import Notify
from scada.settings.reports import Mail
from scada.sim.trial.ports import free_port
from scada.store import alarmnotices as outbox
from tests.support.alarms import House, alarm_house
from tests.support.engine import until
from tests.support.hmi_pages import shipped

CONFIG = shipped()
SECRET = "a secret of both"


class Hook(BaseHTTPRequestHandler):
    """A webhook that keeps what it is told, or refuses it."""

    told: ClassVar[list[tuple[bytes, str]]] = []
    status: ClassVar[int] = 204

    def do_POST(self) -> None:
        """Take one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).told.append((body, self.headers[SIGNATURE]))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Box:
    """A mail server's memory."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.breaks = False

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.breaks:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        self.mails.append(BytesParser(EmailMessage, policy=default).parsebytes(envelope.content))
        return "250 taken"


@contextmanager
def servers() -> Iterator[tuple[str, int, Box]]:
    box, port = Box(), free_port()
    mail = Controller(box, hostname="127.0.0.1", port=port)
    hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    Hook.told, Hook.status = [], 204
    thread = Thread(target=hook.serve_forever)
    thread.start()
    mail.start()
    try:
        yield f"http://127.0.0.1:{hook.server_address[1]}/daozha", port, box
    finally:
        mail.stop()
        hook.shutdown()
        hook.server_close()
        thread.join()


@asynccontextmanager
async def telling(
    folder: Path, house: House, url: str, port: int, more: tuple[Notify, ...] = ()
) -> AsyncIterator[Notifier]:
    await asyncio.to_thread(_put, folder / "hook.txt")
    rules = (
        Notify(name="hook", webhook=url, secret_file="hook.txt", priorities=(4,)),
        Notify(name="boss", to=("boss@example.org",), priorities=(1, 2, 3, 4), after_s=300, language="en"),
        *more,
    )
    site = CONFIG.site.model_copy(update={"data": str(folder)})
    mail = Mail(host="127.0.0.1", port=port, tls="none", sender="park@example.org")
    told = CONFIG.model_copy(update={"notify": rules, "mail": mail, "site": site, "folder": folder})
    notifier = Notifier(told, house.db, house.clock, house.engine, house.tags.set)
    yield notifier
    await notifier.stop()


async def looks(notifier: Notifier) -> None:
    """Have what is due told, and wait until each receiver has answered."""
    await notifier.look()
    await asyncio.gather(*notifier._under_way.values())


async def opens_the_cabinet(house: House, notifier: Notifier) -> None:
    """Raise an alarm, and have it told."""
    house.see(gate__door=True)
    house.wait(3)
    await looks(notifier)


def _put(path: Path) -> None:
    path.write_text(SECRET)
    path.chmod(0o600)


async def test_an_alarm_is_sent_once_signed_and_the_boss_hears_of_what_nobody_has_acknowledged(tmp_path: Path) -> None:
    with servers() as (url, port, box):
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            await opens_the_cabinet(house, notifier)
            await looks(notifier)
            ((body, signed),) = Hook.told
            assert signed == signature(SECRET, body)
            assert json.loads(body)["alarm"] == "in1.cabinet_open"
            assert box.mails == []
            house.wait(300)
            await looks(notifier)
            await looks(notifier)
            (mail,) = box.mails
            assert "The cabinet of the barrier is open" in str(mail["Subject"])
            house.see(gate__door=False)
            house.wait(3)
            await opens_the_cabinet(house, notifier)
            assert len(Hook.told) == 1, "what comes again within the hour is not sent again"


async def test_what_was_acknowledged_in_time_is_not_escalated(tmp_path: Path) -> None:
    with servers() as (url, port, box):
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            await opens_the_cabinet(house, notifier)
            house.engine.act(AlarmId("in1.cabinet_open"), Acknowledge(), "wang")
            house.wait(400)
            await looks(notifier)
            assert box.mails == []


async def test_a_failure_is_one_trouble_tried_again_and_survives_a_restart(tmp_path: Path) -> None:
    with servers() as (url, port, _):
        Hook.status = 500
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            await opens_the_cabinet(house, notifier)
            assert house.tag(TROUBLE) == f"hook: {url}: it answered 500"
            house.heard()
            house.wait(1)
            assert "site.notification_not_sent" in house.standing()
            clock = house.clock
        Hook.status = 204
        async with alarm_house(tmp_path, clock=clock) as house, telling(tmp_path, house, url, port) as notifier:
            clock.s += 60
            await looks(notifier)
            assert len(Hook.told) == 2
            assert house.tag(TROUBLE) == ""


async def test_what_was_read_before_a_failure_is_not_shown_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, overtaken, asked = outbox.trouble, Event(), list[SiteId]()

    def late(conn: Connection, site: SiteId) -> str:
        """Answer the first who asks when the next has had his answer, or has not come."""
        asked.append(site)
        is_first, found = len(asked) == 1, real(conn, site)
        if is_first:
            overtaken.wait(1.0)
        else:
            overtaken.set()
        return found

    monkeypatch.setattr(outbox, "trouble", late)
    with servers() as (url, port, _):
        Hook.status = 500
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            await opens_the_cabinet(house, notifier)
            assert house.tag(TROUBLE) == f"hook: {url}: it answered 500"


class Stuck(Hook):
    """A webhook that answers nothing until it is let go."""

    let_go: ClassVar[Event] = Event()

    def do_POST(self) -> None:
        """Wait."""
        type(self).let_go.wait(30)
        self.close_connection = True


async def test_a_receiver_that_hangs_holds_up_nobody_else(tmp_path: Path) -> None:
    stuck = ThreadingHTTPServer(("127.0.0.1", 0), Stuck)
    Stuck.let_go.clear()
    thread = Thread(target=stuck.serve_forever)
    thread.start()
    try:
        with servers() as (url, port, box):
            hangs = f"http://127.0.0.1:{stuck.server_address[1]}/"
            slow = Notify(
                name="a", webhook=hangs, secret_file="hook.txt", to=("boss@example.org",), priorities=(1, 2, 3, 4)
            )
            async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port, (slow,)) as notifier:
                for door in (True, False, True):
                    house.see(gate__door=door)
                    house.wait(4000)
                    await notifier.look()
                await until(lambda: len(Hook.told) == 2 and len(box.mails) >= 2)
                assert len(notifier._under_way) >= 2, "the one that hangs is still being asked"
                Stuck.let_go.set()
    finally:
        Stuck.let_go.set()
        stuck.shutdown()
        stuck.server_close()
        thread.join()


class Drips(Hook):
    """A webhook whose answer comes sign by sign, and never whole."""

    def do_POST(self) -> None:
        """Drip as long as somebody listens."""
        while True:
            try:
                self.wfile.write(b"H")
                self.wfile.flush()
            except OSError:
                return
            Event().wait(0.02)


async def test_a_call_ends_at_its_limit_however_slowly_its_answer_drips() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Drips)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(NotSent):
            await asyncio.to_thread(call, f"http://127.0.0.1:{server.server_address[1]}/", SECRET, b"{}", None, 0.3)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_a_mail_of_which_nobody_knows_whether_it_was_taken_is_sent_again(tmp_path: Path) -> None:
    with servers() as (url, port, box):
        box.breaks = True
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            house.see(gate__door=True)
            house.wait(303)
            await looks(notifier)
            house.wait(300)
            await looks(notifier)
            assert "did not answer" in str(house.tag(TROUBLE))
            box.breaks = False
            house.wait(600)
            await looks(notifier)
            assert house.tag(TROUBLE) == ""
            assert len({mail["Message-ID"] for mail in box.mails}) == 1, "a mail server knows it as one"


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/x", "http://127.0.0.1:9/\u9489", "http://[::1/x"])
def test_an_address_that_is_none_is_a_failure_to_send_and_no_more(url: str) -> None:
    with pytest.raises(NotSent):
        call(url, SECRET, b"{}")

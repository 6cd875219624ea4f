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
from threading import Thread
from typing import ClassVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from scada.engine.alarms.notifier import SIGNATURE, TROUBLE, Notifier, call, signature
from scada.engine.reporting.mail import NotSent
from scada.model.alarm.definition import AlarmId
from scada.model.alarm.machine import Acknowledge
from scada.settings.notify import Notify
from scada.settings.reports import Mail
from scada.sim.trial.ports import free_port
from tests.support.alarms import House, alarm_house
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
async def telling(folder: Path, house: House, url: str, port: int) -> AsyncIterator[Notifier]:
    await asyncio.to_thread(_put, folder / "hook.txt")
    rules = (
        Notify(name="hook", webhook=url, secret_file="hook.txt", priorities=(4,)),
        Notify(name="boss", to=("boss@example.org",), priorities=(1, 2, 3, 4), after_s=300, language="en"),
    )
    site = CONFIG.site.model_copy(update={"data": str(folder)})
    mail = Mail(host="127.0.0.1", port=port, tls="none", sender="park@example.org")
    told = CONFIG.model_copy(update={"notify": rules, "mail": mail, "site": site, "folder": folder})
    yield Notifier(told, house.db, house.clock, house.engine, house.tags.set)


def _put(path: Path) -> None:
    path.write_text(SECRET)
    path.chmod(0o600)


async def test_an_alarm_is_sent_once_signed_and_the_boss_hears_of_what_nobody_has_acknowledged(tmp_path: Path) -> None:
    with servers() as (url, port, box):
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            house.see(gate__door=True)
            house.wait(3)
            await notifier.look()
            await notifier.look()
            ((body, signed),) = Hook.told
            assert signed == signature(SECRET, body)
            assert json.loads(body)["alarm"] == "in1.cabinet_open"
            assert box.mails == []
            house.wait(300)
            await notifier.look()
            await notifier.look()
            (mail,) = box.mails
            assert "The cabinet of the barrier is open" in str(mail["Subject"])
            house.see(gate__door=False)
            house.wait(3)
            house.see(gate__door=True)
            house.wait(3)
            await notifier.look()
            assert len(Hook.told) == 1, "what comes again within the hour is not sent again"


async def test_what_was_acknowledged_in_time_is_not_escalated(tmp_path: Path) -> None:
    with servers() as (url, port, box):
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            house.see(gate__door=True)
            house.wait(3)
            await notifier.look()
            house.engine.act(AlarmId("in1.cabinet_open"), Acknowledge(), "wang")
            house.wait(400)
            await notifier.look()
            assert box.mails == []


async def test_a_failure_is_one_trouble_tried_again_and_survives_a_restart(tmp_path: Path) -> None:
    with servers() as (url, port, _):
        Hook.status = 500
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            house.see(gate__door=True)
            house.wait(3)
            await notifier.look()
            assert house.tag(TROUBLE) == f"hook: {url}: it answered 500"
            house.heard()
            house.wait(1)
            assert "site.notification_not_sent" in house.standing()
            clock = house.clock
        Hook.status = 204
        async with alarm_house(tmp_path, clock=clock) as house, telling(tmp_path, house, url, port) as notifier:
            clock.s += 60
            await notifier.look()
            assert len(Hook.told) == 2
            assert house.tag(TROUBLE) == ""


async def test_a_mail_of_which_nobody_knows_whether_it_was_taken_is_sent_again(tmp_path: Path) -> None:
    with servers() as (url, port, box):
        box.breaks = True
        async with alarm_house(tmp_path) as house, telling(tmp_path, house, url, port) as notifier:
            house.see(gate__door=True)
            house.wait(303)
            await notifier.look()
            house.wait(300)
            await notifier.look()
            assert "did not answer" in str(house.tag(TROUBLE))
            box.breaks = False
            house.wait(600)
            await notifier.look()
            assert house.tag(TROUBLE) == ""
            assert len({mail["Message-ID"] for mail in box.mails}) == 1, "a mail server knows it as one"


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/x", "http://127.0.0.1:9/\u9489", "http://[::1/x"])
def test_an_address_that_is_none_is_a_failure_to_send_and_no_more(url: str) -> None:
    with pytest.raises(NotSent):
        call(url, SECRET, b"{}")

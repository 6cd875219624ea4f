"""Reports that are sent by themselves, by a real mail server and to a folder: once each, whatever fails or restarts."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scada.__main__ import main
from scada.clock import VirtualClock
from scada.config import Config, load
from scada.engine.doors.peer import Ask
from scada.engine.doors.reportplan import PlanDesk
from scada.engine.reporting.mail import NotSent, reach
from scada.engine.reporting.schedule import CODE, TROUBLE, Postman, Scheduler
from scada.engine.reporting.task import Made, NotMade, Task
from scada.model.names import SiteId
from scada.model.tag import TagName, Value
from scada.ports import JournalEntry
from scada.sim.trial.ports import free_port
from scada.store import reportbook
from scada.store.db import Database, writing_engine
from scada.store.journal import SqlJournal, write_entries
from scada.store.reportbook import Run
from tests.support.house import site_beside
from tests.support.store import give_tables

BEGIN = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)
"""06:30 of 2 May at the site: the reports of 1 May are due."""
PASSWORD = "the mail goes up"


class Box:
    """A mail server's memory; addresses that it does not know are refused."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.hangs_up = False
        self.over_tls: list[bool] = []
        self.refuses: set[str] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.over_tls.append(session.ssl is not None)
        if self.hangs_up:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 taken"


def _checked(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"daozha", PASSWORD.encode()), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("mail") / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


class Post:
    """The mail server, which can be away."""

    def __init__(self, certificate: Path) -> None:
        self.port, self.box = free_port(), Box()
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate)
        self.trust = ssl.create_default_context(cafile=str(certificate))
        self._server: Controller | None = None

    def open(self) -> None:
        self._server = Controller(
            self.box,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=self._context,
            require_starttls=True,
            auth_required=True,
            authenticator=_checked,
        )
        self._server.start()

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None


@pytest.fixture
def post(certificate: Path) -> Iterator[Post]:
    post = Post(certificate)
    post.open()
    yield post
    post.close()


async def made_by_hand(task: Task) -> Made:
    """Make a report without a process: its file says what was asked."""
    name = f"{task.report}-{task.since}.pdf"
    await asyncio.to_thread((Path(task.folder) / name).write_bytes, f"%PDF {task.covered}".encode())
    return Made((name,), f"{task.report} {task.since}")


class House:
    """A site with a schedule, whose plant can be started anew."""

    def __init__(self, folder: Path, post: Post) -> None:
        self.folder, self.post, self.clock = folder, post, VirtualClock(BEGIN)
        self.make: Callable[[Task], Awaitable[Made]] = made_by_hand
        self.shown = dict[TagName, Value]()
        keys = (
            "[mail]",
            'host = "127.0.0.1"',
            f"port = {post.port}",
            'sender = "park@example.org"',
            'user = "daozha"',
            'password_file = "mail.txt"',
            "[[report_schedule]]",
            'name = "morning"',
            'reports = ["calls", "by-hand"]',
            'to = ["owner@example.org", "office@example.org"]',
            'folder = "sent"',
            "",
        )
        self.file = site_beside(folder, ("# data = ", 'data = "data"  # '))
        self.file.write_text(self.file.read_text("utf-8") + "\n".join(keys), "utf-8")
        self.url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
        give_tables(self.url)
        engine = writing_engine(self.url)
        with engine.begin() as conn:
            write_entries(conn, SiteId("demo"), BEGIN, [JournalEntry("event", "plant", "started")])
        engine.dispose()
        secret = folder / "data" / "mail.txt"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        self.config: Config = load(self.file)

    @asynccontextmanager
    async def plant(self) -> AsyncIterator[tuple[Scheduler, Database]]:
        """Start the plant's part that sends reports."""
        async with Database(self.url) as db:
            journal = SqlJournal(db, self.config.site_id, self.clock)
            postman = Postman(self.config, db, self.clock, lambda task: self.make(task), self.post.trust)
            yield Scheduler(self.config, db, journal, self.clock, self.shown.__setitem__, postman), db

    async def look(self) -> list[Run]:
        """Look once with a plant of its own, and read what is written down."""
        async with self.plant() as (scheduler, db):
            await scheduler.look()
            return await db.read(lambda conn: reportbook.all_runs(conn, self.config.site_id))

    def sent(self) -> list[tuple[str, str]]:
        """Give what the mail server took: to whom, and the day in the subject."""
        return [(str(mail["To"]), str(mail["Subject"]).rpartition(" ")[2]) for mail in self.post.box.mails]


@pytest.fixture
def house(tmp_path: Path, post: Post) -> House:
    return House(tmp_path, post)


async def test_what_is_due_goes_to_everybody_once_by_mail_over_tls_and_into_the_folder(house: House) -> None:
    for _ in range(3):
        (run,) = await house.look()
    assert (run.state, run.delivered) == ("DONE", ("folder", "owner@example.org", "office@example.org"))
    assert house.sent() == [("owner@example.org", "2026-05-01"), ("office@example.org", "2026-05-01")]
    assert all(house.post.box.over_tls)
    mail = house.post.box.mails[0]
    assert [part.get_filename() for part in mail.iter_attachments()] == [
        "calls-2026-05-01.pdf",
        "by-hand-2026-05-01.pdf",
    ]
    body = mail.get_body()
    assert body is not None
    assert "by-hand 2026-05-01" in body.get_content()
    assert (house.folder / "sent" / "calls-2026-05-01.pdf").read_bytes() == b"%PDF True", "plates are covered"
    assert len(list((house.folder / "sent").iterdir())) == 2


async def test_the_reports_page_is_told_what_is_sent_next_and_how_the_last_went(house: House) -> None:
    async with house.plant() as (scheduler, db):
        desk = PlanDesk(house.config, db, house.clock).verbs()
        ask = Ask("control", "report_schedules", {}, "qian", "manager", "", "")
        [before] = cast("list[dict[str, str]]", await desk["report_schedules"](ask))
        await scheduler.look()
        [after] = cast("list[dict[str, str]]", await desk["report_schedules"](ask))
    assert (before["name"], before["state"], before["last period"]) == ("morning", "", "")
    assert (after["state"], after["last period"]) == ("DONE", "2026-05-01 - 2026-05-01")
    assert after["to"] == "folder, owner@example.org, office@example.org"
    assert after["next"].startswith("2026-05-03T")


async def test_days_on_which_nothing_ran_are_made_up_for_each_once(house: House) -> None:
    await house.look()
    house.clock.advance(3 * 86_400)
    assert [run.first.day for run in await house.look()] == [1, 2, 3, 4]
    assert [day for to, day in house.sent() if to.startswith("owner")] == [f"2026-05-0{day}" for day in (1, 2, 3, 4)]


async def test_a_server_that_is_away_is_tried_again_and_who_has_the_reports_gets_them_no_second_time(
    house: House,
) -> None:
    house.post.box.refuses.add("office@example.org")
    (run,) = await house.look()
    assert (run.state, run.tries, run.delivered) == ("WAITING", 1, ("folder", "owner@example.org"))
    assert run.why.startswith("office@example.org: 127.0.0.1")
    assert "does not know the address" in run.why
    assert str(house.shown[TROUBLE]).startswith(f"{CODE}: morning 2026-05-01")
    house.post.box.refuses.clear()
    house.post.close()
    assert (await house.look())[0].tries == 1, "not before its time"
    house.clock.advance(70)
    (run,) = await house.look()
    assert (run.tries, run.state) == (2, "WAITING")
    house.post.open()
    house.clock.advance(130)
    (run,) = await house.look()
    assert (run.state, house.shown[TROUBLE]) == ("DONE", "")
    assert [to for to, _ in house.sent()] == ["owner@example.org", "office@example.org"]


async def test_a_wrong_password_is_told_and_stands_in_no_word_of_it(house: House) -> None:
    (house.folder / "data" / "mail.txt").write_text("another one")
    (run,) = await house.look()
    assert "user or password is wrong (535)" in run.why
    assert "another one" not in run.why
    assert house.sent() == []


async def test_a_plant_that_was_killed_in_the_middle_goes_on_where_it_was(house: House) -> None:
    """Whoever has the reports keeps them; a try that nobody ended is begun anew after its time."""
    reached = asyncio.Event()

    async def stuck(task: Task) -> Made:
        if task.report == "by-hand":
            reached.set()
            await asyncio.Event().wait()
        return await made_by_hand(task)

    house.make = stuck
    async with house.plant() as (scheduler, _):
        looking = asyncio.create_task(scheduler.look())
        await reached.wait()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    house.make = made_by_hand
    (run,) = await house.look()
    assert (run.state, house.sent()) == ("WAITING", [])
    house.clock.advance(16 * 60)
    (run,) = await house.look()
    assert (run.state, len(house.sent())) == ("DONE", 2)


async def test_a_mail_of_which_nobody_knows_goes_out_again_by_a_persons_word_alone(house: House) -> None:
    """The plant died after the mail had begun: whoever may have it gets it no second time by itself."""
    async with house.plant() as (scheduler, db):
        await scheduler.look()
        house.clock.advance(86_400)
        house.make = _never
        await scheduler.look()
        _, second = await db.read(lambda conn: reportbook.all_runs(conn, house.config.site_id))
        await db.write(lambda conn: reportbook.begin(conn, house.config.site_id, second, "owner@example.org"))
        house.make = made_by_hand
        house.clock.advance(3600)
        for _ in range(3):
            await scheduler.look()
        _, second = await db.read(lambda conn: reportbook.all_runs(conn, house.config.site_id))
        assert (second.state, second.delivered) == ("UNKNOWN", ("folder", "office@example.org"))
        assert "owner@example.org" in second.why
        assert str(house.shown[TROUBLE]).startswith(CODE)
        assert len(house.sent()) == 3
        at = house.clock.now()
        await db.write(lambda conn: reportbook.again(conn, house.config.site_id, "morning", second.first, at))
        await scheduler.look()
        _, second = await db.read(lambda conn: reportbook.all_runs(conn, house.config.site_id))
    assert (second.state, house.shown[TROUBLE]) == ("DONE", "")
    assert [to for to, _ in house.sent()[2:]] == ["office@example.org", "owner@example.org"]


async def test_a_server_that_takes_a_mail_and_hangs_up_leaves_it_open_whether_it_was_taken(house: House) -> None:
    house.post.box.hangs_up = True
    for _ in range(2):
        (run,) = await house.look()
        house.clock.advance(3600)
    assert (run.state, run.delivered) == ("UNKNOWN", ("folder",))
    assert [to for to, _ in house.sent()] == ["owner@example.org", "office@example.org"], "each once"


async def test_the_mail_server_is_reached_as_a_mail_would_reach_it(
    house: House, monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mail = house.config.mail
    assert mail is not None
    assert await asyncio.to_thread(reach, mail, PASSWORD) == "signed in"
    with pytest.raises(NotSent, match="user or password is wrong"):
        await asyncio.to_thread(reach, mail, "another one")
    house.post.close()
    with pytest.raises(NotSent, match="refused"):
        await asyncio.to_thread(reach, mail, PASSWORD)
    assert house.sent() == []


async def _never(_task: Task) -> Made:
    raise NotMade("not now")


async def test_two_who_look_at_once_send_once(house: House) -> None:
    async with house.plant() as (first, _), house.plant() as (second, _):
        await asyncio.gather(first.look(), second.look())
    assert len(house.sent()) == 2


async def test_a_mail_that_is_sent_twice_is_known_as_one_by_its_id(house: House) -> None:
    await house.look()
    async with house.plant() as (_, db):
        await db.write(
            lambda conn: reportbook.again(conn, house.config.site_id, "morning", BEGIN.date(), house.clock.now())
        )
    await house.look()
    ids = [str(mail["Message-ID"]) for mail in house.post.box.mails]
    assert (len(ids), len(set(ids))) == (4, 2)


async def test_reports_that_cannot_be_made_are_told_and_given_up_in_the_end(house: House) -> None:
    async def never(_task: Task) -> Made:
        raise NotMade("it took longer than 180 s: ask for fewer days")

    house.make = never
    async with house.plant() as (scheduler, db):
        for _ in range(70):
            await scheduler.look()
            house.clock.advance(3700)
        first = (await db.read(lambda conn: reportbook.all_runs(conn, house.config.site_id)))[0]
    assert (first.state, first.why) == ("GIVEN_UP", "it took longer than 180 s: ask for fewer days")
    assert str(house.shown[TROUBLE]).startswith(CODE)


async def test_a_person_sends_them_by_the_command_and_sees_how_it_went(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    at = ("--config", str(house.file))
    assert await asyncio.to_thread(main, ["report", "schedule", "run", "morning", "--day", "2026-05-02", *at]) == 0
    assert "sent to folder, owner@example.org, office@example.org" in capsys.readouterr().out
    assert (house.folder / "sent" / "demo-calls-2026-05-01.pdf").read_bytes().startswith(b"%PDF")
    assert [name for name in house.sent() if name[0].startswith("owner")] == [("owner@example.org", "2026-05-01")]
    assert await asyncio.to_thread(main, ["report", "schedule", "list", "--json", *at]) == 0
    assert '"state": "DONE"' in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["report", "schedule", "run", "evening", *at]) == 2
    assert "there is no schedule 'evening'" in capsys.readouterr().err

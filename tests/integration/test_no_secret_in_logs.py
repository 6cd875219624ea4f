"""The whole way with every logger at its lowest level: nothing that no log may hold stands in any line.

A car comes in and pays, WeChat's notice and a forged one come through the public process, a payer opens a page
inside WeChat, a plate is asked for, somebody guesses a password, the database refuses, a part breaks.
"""

import asyncio
import io
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from billing.pay.web import WeChatWeb
from scada.config import Config, load
from scada.engine.bridge import BridgeServer
from scada.engine.doors.peer import Ask
from scada.log import log_to_stderr
from scada.model.plate import Plate, PlateColour
from scada.sim.trial.ports import free_port
from scada.sockets import notices
from scada.store.schema import pay_order
from tests.support.billing import HOUR_S, OUT1, Phone, Till, made_config, made_passage, open_till, wechat_process
from tests.support.hmi import web_process
from tests.support.store import open_database, until
from tests.support.wechat import gateway_to

PLATE, PASSWORD, PAYERS_CODE = "京A12345", "correct-horse-battery", "134567890123456789"
LIBRARIES = ("", "urllib3", "requests", "wechatpayv3", "sqlalchemy.engine", "sqlalchemy.pool", "asyncio", "alembic")


@dataclass
class Site:
    """A simulator, both web processes with their logs in `page`, our own in `own`, and what must not stand there."""

    config: Config
    phone: Phone
    page: Path
    own: io.StringIO
    secrets: dict[str, str] = field(default_factory=dict)

    def web(self, app: str) -> str:
        """Give the address of a web process."""
        web = self.config.web.public if app == "public" else self.config.web.control
        return f"http://127.0.0.1:{web.port}"


@contextmanager
def everything_into(file: TextIO) -> Iterator[io.StringIO]:
    """Write what child processes log into a file, and keep what this one does; afterwards all is as it was."""
    own = io.StringIO()
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    before = logging.getLogRecordFactory(), sys.excepthook, structlog.get_config(), os.dup(2)
    handler = logging.StreamHandler(own)
    os.dup2(file.fileno(), 2)
    logging.root.addHandler(handler)
    log_to_stderr(own)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield own
    finally:
        logging.root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        logging.setLogRecordFactory(before[0])
        sys.excepthook = before[1]
        structlog.configure(**before[2])
        os.dup2(before[3], 2)
        os.close(before[3])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    config = made_config(tmp_path, free_port(), free_port())
    path, port = tmp_path / "config.toml", config.wechat.notify_url.split(":")[2].split("/")[0]
    ports = path.read_text(encoding="utf-8").replace("port = 8081", f"port = {port}")
    path.write_text(ports.replace("port = 8080", f"port = {free_port()}"), encoding="utf-8")
    config, page = load(path), tmp_path / "log.txt"
    monkeypatch.setenv("DAOZHA_LOG", "debug")
    with (
        wechat_process(config) as phone,
        page.open("w", encoding="utf-8") as file,
        everything_into(file) as own,
        web_process("public", path),
        web_process("control", path),
    ):
        yield Site(config, phone, page, own, keys_of(config))


def keys_of(config: Config) -> dict[str, str]:
    """Give what the files of secrets hold, each line that could be recognised."""
    names = config.wechat
    files = [config.secret(name) for name in (names.private_key_file, names.apiv3_key_file)]
    files.append(config.data / "sim" / "wechat" / "app_secret.txt")
    lines = {f"{path.name} {n}": line for path in files for n, line in secret_lines(path)}
    lines["apiv3 key"] = files[1].read_text(encoding="utf-8").strip()
    return lines


def secret_lines(path: Path) -> list[tuple[int, str]]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [(n, line) for n, line in enumerate(lines) if len(line) >= 16 and not line.startswith("-----")]


async def broken(ask: Ask) -> object:
    """Break while a person signs in, and say all one knows: what a careless part would do."""
    raise RuntimeError(f"sign in with {ask.args}")


@pytest.fixture
async def till(site: Site, tmp_path: Path) -> AsyncIterator[Till]:
    async with open_database(tmp_path / "books") as db, open_till(site.config, db, ask_after_s=(60.0,)) as opened:
        public, control = {"notice": notices(opened.cashier), "claim_view": broken}, {"sign_in": broken}
        hello: dict[str, object] = {"plant": "p", "site": {}}
        async with (
            BridgeServer(site.config.socket("public"), "public", public, hello, opened.clock),
            BridgeServer(site.config.socket("control"), "control", control, hello, opened.clock),
        ):
            yield opened


async def test_no_log_holds_a_secret_or_a_whole_plate_whatever_happens(site: Site, till: Till) -> None:
    await a_car_comes_and_pays(site, till)
    await somebody_opens_a_page_inside_wechat(site)
    await asyncio.to_thread(strangers_try, site)
    await the_database_refuses(till)
    a_part_breaks(site)
    logged = site.own.getvalue() + site.page.read_text(encoding="utf-8")
    lines = len(logged.splitlines())
    told = [words for words in ("INSERT INTO stay", "京A•••45", "linked to the plant", "it broke") if words in logged]
    held = [(name, line) for name, secret in site.secrets.items() for line in logged.splitlines() if secret in line]
    assert (lines > 200, len(told), held) == (True, 4, [])
    for pattern in (r"nonce_str=\"[^•]", r"signature=\"[^•]", r"openid['\"]?[:=] ?['\"]?[A-Za-z0-9]", r"A12345"):
        found = re.search(pattern, logged)
        assert found is None, found


async def a_car_comes_and_pays(site: Site, till: Till) -> None:
    parked = await till.come_in(PLATE)
    till.clock.later_s += HOUR_S
    passage = made_passage(till.clock.now(), OUT1, PLATE, 7)
    order = await till.cashier.order(OUT1, passage.id, await till.cashier.quote(OUT1, passage.id, parked))
    site.secrets["what can be paid with"] = order.code_url.removeprefix("weixin://")
    await asyncio.to_thread(site.phone.forge, order.code_url, "bad_signature")
    assert await asyncio.to_thread(site.phone.pay, order.code_url) == "ok"
    await until(lambda: bool(till.told.settled), within_s=20)
    assert [row.state for row in await till.rows(pay_order)] == ["PAID"]


async def somebody_opens_a_page_inside_wechat(site: Site) -> None:
    """OAuth gives the payer's id; his plate's service is asked for, and a payment by his code is tried."""
    config = site.config
    secret = (config.data / "sim" / "wechat" / "app_secret.txt").read_text(encoding="utf-8").strip()
    web = WeChatWeb(config.wechat.appid, secret, config.phones.oauth_url, config.phones.api_url)
    url = web.sign_in_url("http://localhost:8081/wechat/back", "state-of-this-visit")
    gone = await asyncio.to_thread(requests.get, url, allow_redirects=False, timeout=10)
    code = parse_qs(urlsplit(gone.headers["Location"]).query)["code"][0]
    openid = gone.cookies["openid"]
    site.secrets |= {"oauth code": code, "openid": openid, "cookie": f"openid={openid}"}
    await asyncio.to_thread(web.openid, code)
    gateway = await asyncio.to_thread(gateway_to, config)
    await asyncio.to_thread(gateway.parking.find, Plate(PLATE), PlateColour.BLUE, openid)


def strangers_try(site: Site) -> None:
    """Bad plates, tokens and passwords from outside, through the real web processes."""
    token = "dG9rZW4tb2YtYS1jYXI"
    site.secrets |= {"token of a car": token, "password": PASSWORD, "payer's code": PAYERS_CODE}
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"{site.web('public')}/c/{token}?plate={quote(PLATE)}", timeout=10)
        session.get(f"{site.web('public')}/nowhere/{quote(PLATE)}?code={token}", timeout=10)
        session.post(f"{site.web('public')}/c/{token}/plate", data={"plate": PLATE}, timeout=10)
        page = session.get(f"{site.web('control')}/sign-in", timeout=10)
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found is not None
        form = {"name": "admin", "password": PASSWORD, "csrf_token": found[1]}
        session.post(f"{site.web('control')}/sign-in", data=form, timeout=10)
        site.secrets |= {f"cookie {name}": value for name, value in session.cookies.items() if len(value) > 16}
        site.secrets["csrf token"] = found[1]


async def the_database_refuses(till: Till) -> None:
    statement = text("INSERT INTO stay (id, plate) VALUES (:id, :plate)")
    with pytest.raises(SQLAlchemyError) as refused:
        await till.db.write(lambda conn: conn.execute(statement, {"id": "S1", "plate": PLATE}))
    structlog.get_logger().error("not stored", error=str(refused.value))


def a_part_breaks(site: Site) -> None:
    """A traceback with a key in a variable and a plate in its words; a line of a library with both."""
    hidden = next(secret for name, secret in site.secrets.items() if "apiv3" in name)
    try:
        raise ValueError(f"the stay of {PLATE} has no picture")
    except ValueError:
        structlog.get_logger().exception("it broke", plate=PLATE, token=hidden)
        logging.getLogger("wechatpayv3").exception("sent %s for %s with %s", hidden, PAYERS_CODE, {"plate": PLATE})

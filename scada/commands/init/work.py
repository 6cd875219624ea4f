"""`daozha init`: ask, lay the site down, make the first administrator, check online, say what comes next."""

import argparse
import asyncio
import getpass
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.alive import READY
from scada.clock import SystemClock
from scada.commands.checks import check_site
from scada.commands.init.answers import Answers, AnswersError, answers_of, read_answers
from scada.commands.init.ask import Conversation
from scada.commands.init.lay import lay, object_to
from scada.commands.init.site import SiteFiles, real, virtual
from scada.commands.init.words import Language, said
from scada.config import ConfigError, load
from scada.model.names import SiteId
from scada.secretfile import read_secret
from scada.store.db import Database, StoreError, database_url, migrate
from scada.store.operators import FIRST_NAME, Operators, weakness

_SIM_S: Final = 60.0
_STOP_S: Final = 15.0
_PORT: Final = 8080


@dataclass(frozen=True, slots=True)
class Admin:
    """The first administrator; without a password one is made and shown once."""

    name: str
    password: str | None


def init(asked: argparse.Namespace) -> int:
    """Set up a site. 0: checked and good; 1: it is there, but something is missing; 2: nothing was written."""
    language = _language(asked.language)
    folder: Path = asked.folder
    try:
        answers, site = _site(asked, folder.resolve(), language)
        object_to(site, folder, again=asked.again)
        admin = _admin(asked, language)
        config = lay(site, folder, SystemClock().now())
    except (AnswersError, OSError, UnicodeDecodeError) as error:
        say.complain(str(error))
        return 2
    except (EOFError, KeyboardInterrupt):
        say.complain("ended: there is no site yet")
        return 2
    say.tell(said("written", language, folder=folder.resolve()))
    have_people = _let_in(config, admin, language)
    code = _checked(config, is_virtual=answers is None, language=language)
    _tell_next(config, answers, site, language, is_good=code == 0)
    return 0 if code == 0 and have_people else 1


def _site(asked: argparse.Namespace, folder: Path, language: Language) -> tuple[Answers | None, SiteFiles]:
    """Give what is to be laid down, and for a real site what was answered."""
    if asked.virtual:
        data = _resolved(asked.data) or folder / "data"
        return None, virtual(folder, data, _resolved(asked.backups) or folder / "backups", asked.port or _PORT)
    told: dict[str, object] = {}
    if asked.answers is not None:
        told = read_answers(asked.answers)
    elif asked.yes:
        raise AnswersError("--yes asks nothing, and a real site cannot be guessed: add --answers FILE, or --virtual")
    options = {"data": _resolved(asked.data), "backups": _resolved(asked.backups)}
    named = {key: str(value) for key, value in options.items() if value is not None}
    if not told:
        usual = Answers.model_fields
        proposed = [str(named.get(key) or usual[key].default) for key in ("data", "backups")]
        told = Conversation(language, say.tell, input).held(*proposed)
    web = told.get("web")
    if asked.port is not None:
        told["web"] = {**(web if isinstance(web, dict) else {}), "port": asked.port}
    answers = answers_of({**told, **named}, str(asked.answers or "answers"))
    return answers, real(answers, folder)


def _resolved(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()


def _admin(asked: argparse.Namespace, language: Language) -> Admin:
    """Learn the first administrator's password before anything is written; it is never on a command line."""
    name = asked.admin or FIRST_NAME
    if asked.password_file is not None:
        password = read_secret(asked.password_file)
        if (wrong := weakness(name, password)) is not None:
            raise AnswersError(f"{asked.password_file}: {wrong}")
        return Admin(name, password)
    if asked.yes:
        return Admin(name, None)
    while True:
        first = _hidden(said("password", language, name=name))
        if weakness(name, first) is not None:
            say.complain(said("weak", language))
        elif _hidden(said("password_again", language)) == first:
            return Admin(name, first)
        else:
            say.complain(said("password_differs", language))


def _hidden(question: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{question}: ")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _let_in(config: Path, admin: Admin, language: Language) -> bool:
    """Make the tables and the first administrator; False if they cannot be made now."""
    try:
        told = load(config)
        url = database_url(told)
        migrate(url)
        asyncio.run(_add(told.site_id, url, admin, language))
    except (ConfigError, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return False
    return True


async def _add(site: SiteId, url: str, admin: Admin, language: Language) -> None:
    async with Database(url) as db:
        people = Operators(db, site, SystemClock())
        if await people.people():
            say.note(said("people_there", language))
        elif admin.password is not None:
            await people.add(admin.name, "administrator", admin.password, must_change=False)
            say.tell(said("admin_made", language, name=admin.name))
        elif (password := await people.first_start(admin.name)) is not None:
            say.tell(said("first", language, name=admin.name, password=password))


def _checked(config: Path, *, is_virtual: bool, language: Language) -> int:
    asked = argparse.Namespace(config=config, online=True, json=False)
    with _simulators(config, language) if is_virtual else _nothing():
        say.tell(said("checking", language))
        return check_site(asked)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _simulators(config: Path, language: Language) -> Iterator[None]:
    """Let the virtual car park run, so that there is somebody to reach."""
    command = [sys.executable, "-m", "scada", "sim", "--config", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words
    try:
        if _says_ready(process, monotonic() + _SIM_S):
            say.note(said("sim_up", language))
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _says_ready(process: "subprocess.Popen[bytes]", until: float) -> bool:
    assert process.stdout is not None, "it was asked for"  # noqa: S101
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        told = b""
        while (left := until - monotonic()) > 0 and waiting.select(left):
            more = os.read(process.stdout.fileno(), 4096)
            told += more
            if not more or READY.encode() in told:
                return bool(more)
    return False


def _tell_next(config: Path, answers: Answers | None, site: SiteFiles, language: Language, *, is_good: bool) -> None:
    if answers is None:
        keys = ["next_virtual", "next_open"]
    else:
        keys = [] if is_good else ["next_tariff"]
        keys += ["next_wechat"] if answers.wechat is None else []
        keys += [] if is_good else ["next_mend"]
        keys.append("next_install")
    lines = [
        f"{number}. {said(key, language, **_named(key, config, site))}" for number, key in enumerate(keys, start=1)
    ]
    say.tell("")
    say.tell(said("next", language))
    for line in lines:
        say.tell(line)


def _named(key: str, config: Path, site: SiteFiles) -> dict[str, object]:
    folder = config.parent.resolve()
    port = load(config).web.control.port if key == "next_open" else 0
    return {
        "config": folder / config.name,
        "data": site.data,
        "folder": folder / "tariffs" if key == "next_tariff" else folder,
        "port": port,
    }


def _language(chosen: Language | None) -> Language:
    if chosen is not None:
        return chosen
    told = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if told.startswith("zh") else "en"

"""daozha as a car park installs it: a wheel, built here, in an environment beside the libraries of this one."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from scada.sim.trial.ports import free_port
from tests.support.house import ROOT

PARTS = ("scada", "plc", "lpr", "billing", "hmi", "docs")
FILES = ("pyproject.toml", "README.md", "config.toml", "requirements.txt", "requirements-postgres.txt")
PORTS = 17
"""A virtual site takes so many, one after the other."""
PASSWORD = "a password for tests"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def build(folder: Path, source: Path = ROOT) -> Path:
    """Build the wheel of a source tree into a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    return next(folder.glob("daozha-*.whl"))


def later(folder: Path, version: str, migration: str = "") -> Path:
    """Copy the source tree as one of a later version; `migration`: what its additional migration does."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in PARTS:
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    project = folder / "pyproject.toml"
    text, count = re.subn(r'(?m)^version = ".*"$', f'version = "{version}"', project.read_text("utf-8"))
    assert count == 1
    project.write_text(text, "utf-8")
    if migration:
        versions = folder / "scada" / "migrations" / "versions"
        last = max(path.name.partition("_")[0] for path in versions.glob("0*.py"))
        head = f'"""Later."""\nfrom alembic import op\nrevision = "9001"\ndown_revision = "{last}"\n'
        body = f"branch_labels = depends_on = None\n\ndef upgrade() -> None:\n    {migration}\n"
        (versions / "9001_later.py").write_text(head + body, "utf-8")
    return folder


def environment(folder: Path) -> Path:
    """Make an environment with this one's libraries, but without daozha; give its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    libraries = next((folder / "lib").glob("python3*")) / "site-packages"
    (libraries / "libraries-of-the-tests.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    return folder / "bin" / "python"


def install(python: Path, wheel: Path) -> Path:
    """Put a wheel into an environment; give the program."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-compile",
    ]
    subprocess.run([*pip, "--ignore-installed", str(wheel)], check=True, capture_output=True, timeout=120)
    return python.with_name("daozha")


def run(program: Path, *words: str | Path, cwd: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program somewhere that is not the source tree."""
    return subprocess.run(
        [program, *words], cwd=cwd, env=outside(), input=said, capture_output=True, text=True, timeout=300, check=False
    )


def outside() -> dict[str, str]:
    """Give an environment in which nothing leads to the source tree."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}


def free_block(count: int = PORTS) -> int:
    """Find so many free ports one after the other; give the first."""
    for _ in range(100):
        first = free_port()
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError(f"there are no {count} free ports one after the other")


@dataclass(frozen=True, slots=True)
class Door:
    """The control room of a site, as a browser sees it."""

    url: str
    verify: bool | str = True

    def answers(self) -> bool:
        """Say whether it serves."""
        try:
            return requests.get(f"{self.url}/health", timeout=5, verify=self.verify).status_code == 200
        except requests.RequestException:
            return False

    def lets_in(self, name: str, password: str) -> bool:
        """Sign in, and say whether the page that comes is behind the door."""
        with signed_in(self.url, name, password, self.verify) as browser:
            return browser.get(f"{self.url}/api/v1/alarms", timeout=20).ok


@contextmanager
def signed_in(url: str, name: str, password: str, verify: bool | str = True) -> Iterator[requests.Session]:
    """Fill in the form as a browser does; whether it was let in shows at the next page."""
    with requests.Session() as browser:
        browser.trust_env, browser.verify = False, verify
        form = browser.get(f"{url}/sign-in", timeout=20).text
        token = _TOKEN.search(form)
        assert token is not None, form[:500]
        said = {"name": name, "password": password, "csrf_token": token[1]}
        sent_from = {"Origin": url, "Referer": f"{url}/sign-in"}
        _as_on_this_machine(browser, url)
        browser.post(f"{url}/sign-in", data=said, timeout=30, headers=sent_from, allow_redirects=False)
        _as_on_this_machine(browser, url)
        yield browser


def _as_on_this_machine(browser: requests.Session, url: str) -> None:
    """A browser sends a secure cookie to its own machine also without TLS; this library does not."""
    if url.startswith("http://127.0.0.1"):
        for cookie in browser.cookies:
            cookie.secure = False


@contextmanager
def running(command: Sequence[str | Path], cwd: Path, port: int, within_s: float = 240) -> Iterator[Door]:
    """Run a site until its three web processes answer, and stop it at the end; give the control room's door."""
    doors = [Door(f"http://127.0.0.1:{port + step}") for step in range(3)]
    log = cwd / "site.log"
    with log.open("wb") as told:
        process = subprocess.Popen(command, cwd=cwd, env=outside(), stdout=told, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + within_s
        while not all(door.answers() for door in doors):
            is_late = process.poll() is not None or time.monotonic() > until
            assert not is_late, log.read_text("utf-8", "replace")[-3000:]
            time.sleep(0.3)
        yield doors[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)

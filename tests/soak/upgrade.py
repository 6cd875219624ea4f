"""From version to version by wheels and the real pip: `python -m tests.soak.upgrade`.

Installs the wheel of this tree as docs/install/industrial-pc.md says, with its lock file and pip's own index, sets up a
virtual site and runs it. Then wheels of the next version come: broken ones in every way that a wheel can be, each of
which must leave the site on what it runs with a word that says why; one whose making is cut off; the good one; and the
way back. One JSON object says what became of each.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tests.support import wheel
from tests.support.house import ROOT
from tests.support.installed import LATER, Installed, set_up
from tests.support.store import rows_of

OLD, NEW = "0.1.0", "0.2.0"
LIMIT_S = 900
NOWHERE = f"\ndaozha-is-not-there==1.0 \\\n    --hash=sha256:{'0' * 64}\n"
MISTAKE = "mistakes.append(Mistake(file, 1, 'site', 'this version wants another site', 'write it anew'))"


class Failed(Exception):
    """A step did not do what the pages say."""


@dataclass(slots=True)
class Trial:
    """One site and what has come to it."""

    site: Installed
    steps: list[dict[str, object]] = field(default_factory=list)

    def source(self, name: str, migration: str = LATER) -> Path:
        """Give a source tree of the next version, to be broken."""
        return wheel.later(self.site.folder / name, NEW, migration)

    def built(self, source: Path) -> Path:
        """Build its wheel."""
        return wheel.build(self.site.folder / f"dist-{source.name}", source)

    def holds(self, name: str, made: Path, code: int, word: str) -> None:
        """Offer a wheel that is broken: the site goes on as it was, and the word says why."""
        began_s = monotonic()
        done = self.site.upgrade(str(made), within_s=60)
        said = " ".join((done.stdout + done.stderr).split())
        if done.returncode != code or word not in said:
            raise Failed(
                f"{name}: ended with {done.returncode}, wanted {code} and {word!r}: {done.stdout}{done.stderr}"
            )
        self.as_it_was(name, OLD)
        told = [line for line in done.stderr.splitlines() if word in line]
        self.note(name, began_s, (told or done.stderr.splitlines())[-1])

    def as_it_was(self, name: str, version: str) -> None:
        """Look whether the site runs on a version, with its tables, its people and a whole journal."""
        site = self.site
        people = {one for (one,) in rows_of(site.config, "SELECT name FROM operator")}
        seen = (site.runs, site.has_later_table(), people >= {"admin", "wang"})
        if seen != (version, version != OLD, True):
            raise Failed(f"{name}: version, later table, people: {seen}")
        if not site.door.lets_in("admin", wheel.PASSWORD):
            raise Failed(f"{name}: the administrator is not let in")
        for words in (("audit", "verify"), ("check", "--online")):
            done = site.daozha(*words)
            if done.returncode != 0:
                raise Failed(f"{name}: daozha {' '.join(words)}: {done.stdout}{done.stderr}")

    def note(self, name: str, began_s: float, said: str = "") -> None:
        """Write down that a step is good."""
        self.steps.append({"step": name, "seconds": round(monotonic() - began_s, 1), "said": said.strip()[:300]})
        sys.stderr.write(f"{name}: good, {self.steps[-1]['seconds']} s: {self.steps[-1]['said']}\n")


def main() -> int:
    """Do it all; 0 when every step was as the pages say."""
    parser = argparse.ArgumentParser(prog="upgrade", description="from version to version by wheels and the real pip")
    parser.add_argument("--keep", action="store_true", help="leave the folder there, to look into it")
    parser.add_argument("--only", action="append", choices=sorted(STEPS), default=[], help="these steps alone")
    asked = parser.parse_args()
    folder, why = Path(tempfile.mkdtemp(prefix="daozha-up-")), ""
    steps: list[dict[str, object]] = []
    try:
        began_s = monotonic()
        _install(folder)
        with set_up(folder) as site:
            trial = Trial(site, steps)
            _comes_up(site)
            if site.daozha("user", "add", "wang").returncode != 0:
                raise Failed("user add")
            trial.note("installed by the page, runs", began_s)
            for name, step in STEPS.items():
                if not asked.only or name in asked.only:
                    step(trial)
    except Failed as error:
        why = str(error)
        sys.stderr.write(f"{why}\n")
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps({"steps": steps, "failed": why}, ensure_ascii=False, indent=1) + "\n")
    return int(bool(why))


def _install(folder: Path) -> None:
    """Do what the page says of the program: an environment, the lock file, the wheel, the link."""
    made, place = wheel.build(folder / "dist"), folder / "opt" / "versions" / OLD
    place.parent.mkdir(parents=True)
    lock = ROOT / "requirements.txt"
    for command in (
        ["python3", "-m", "venv", str(place)],
        [str(place / "bin" / "pip"), "install", "-q", "--require-hashes", "-r", str(lock)],
        [str(place / "bin" / "pip"), "install", "-q", "--no-deps", str(made)],
    ):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False, env=wheel.outside(), cwd=folder
        )
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stderr[-2000:]}")


def _comes_up(site: Installed) -> None:
    until = monotonic() + 240
    while not site.door.answers():
        if monotonic() > until:
            raise Failed(f"the site does not come up: {(site.folder / 'site.log').read_text()[-3000:]}")
        time.sleep(0.5)


# --- what comes ---


def _half(trial: Trial) -> None:
    """A wheel that was copied by half."""
    whole = trial.built(trial.source("half")).read_bytes()
    made = trial.site.folder / f"daozha-{NEW}-py3-none-any.whl"
    made.write_bytes(whole[: len(whole) // 2])
    trial.holds("half a wheel", made, 2, "is no wheel")


def _flipped(trial: Trial) -> None:
    """A wheel with some bytes changed on the way."""
    made = trial.built(trial.source("flipped"))
    with zipfile.ZipFile(made) as content:
        one = content.getinfo("scada/app.py")
        at = one.header_offset + 30 + len(one.filename) + one.compress_size // 2
    with made.open("r+b") as file:
        file.seek(at)
        four = file.read(4)
        file.seek(at)
        file.write(bytes(255 - byte for byte in four))
    trial.holds("a wheel with four bytes changed", made, 2, "scada/app.py is damaged")


def _nowhere(trial: Trial) -> None:
    """A lock file with a package that no index has."""
    source = trial.source("nowhere")
    with (source / "requirements.txt").open("a", encoding="utf-8") as lock:
        lock.write(NOWHERE)
    trial.holds("a package that no index has", trial.built(source), 2, "daozha-is-not-there==1.0")
    if (trial.site.root / "versions" / NEW).exists():
        raise Failed("what could not be made whole is still there")


def _lacking(trial: Trial) -> None:
    """A lock file that lacks what the program needs."""
    source = trial.source("lacking")
    lock = source / "requirements.txt"
    text, count = re.subn(r"(?m)^orjson==.*\n(?:    --hash.*\n)+", "", lock.read_text("utf-8"))
    if count != 1:
        raise Failed("orjson is not in the lock file")
    lock.write_text(text, "utf-8")
    trial.holds("a lock file that lacks a library", trial.built(source), 2, "No module named 'orjson'")


def _refusing(trial: Trial) -> None:
    """A version whose check has a mistake in the site's configuration."""
    source = trial.source("refusing")
    file = source / "scada" / "check" / "__init__.py"
    text = file.read_text("utf-8")
    file.write_text(text.replace("    return in_order(", f"    {MISTAKE}\n    return in_order("), "utf-8")
    trial.holds("a version whose check refuses", trial.built(source), 2, "this version wants another site")


def _migrating(trial: Trial) -> None:
    """A version whose migration breaks off in the middle."""
    source = trial.source("migrating", LATER + "; op.execute('DROP TABLE missing_one')")
    trial.holds("a migration that breaks off", trial.built(source), 1, "no such table: missing_one")


def _cut_off(trial: Trial) -> None:
    """The power goes while pip works."""
    began_s, site = monotonic(), trial.site
    made = trial.built(trial.source("cut"))
    command = [str(site.root / "current" / "bin" / "daozha"), "upgrade", str(made), "--root", str(site.root)]
    process = subprocess.Popen(
        [*command, "--config", str(site.config)],
        env=wheel.outside() | {"PATH": f"{site.folder / 'bin'}:{os.environ['PATH']}"},
        cwd=site.folder,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    libraries, until = site.root / "versions" / NEW / "lib", monotonic() + LIMIT_S
    while not any(libraries.glob("python3*/site-packages/numpy")):
        if monotonic() > until or process.poll() is not None:
            raise Failed("pip has not begun")
        time.sleep(0.1)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    trial.as_it_was("cut off", OLD)
    trial.note("cut off while pip works", began_s)


def _good(trial: Trial) -> None:
    """The version that is good: after all the others of the same name."""
    began_s = monotonic()
    made = trial.built(trial.source("good"))
    looked = trial.site.upgrade(str(made), "--check")
    if looked.returncode != 0 or f"from {OLD} to {NEW}" not in looked.stdout:
        raise Failed(f"--check: {looked.stdout}{looked.stderr}")
    done = trial.site.upgrade(str(made))
    if done.returncode != 0:
        raise Failed(f"the good one: {done.stdout}{done.stderr}")
    trial.as_it_was("the good one", NEW)
    trial.note("the next version", began_s, done.stdout.splitlines()[-1])


def _back(trial: Trial) -> None:
    """By hand to the version before."""
    began_s = monotonic()
    done = trial.site.upgrade("--back")
    if done.returncode != 0:
        raise Failed(f"--back: {done.stdout}{done.stderr}")
    trial.as_it_was("--back", OLD)
    trial.note("the way back", began_s, done.stdout.splitlines()[-1])


STEPS: dict[str, Callable[[Trial], None]] = {
    "half": _half,
    "flipped": _flipped,
    "nowhere": _nowhere,
    "lacking": _lacking,
    "refusing": _refusing,
    "migrating": _migrating,
    "cut-off": _cut_off,
    "good": _good,
    "back": _back,
}

if __name__ == "__main__":
    sys.exit(main())

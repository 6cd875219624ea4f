"""`make soak`: the long forms of what `make test` runs shortly; the figures go to docs/soak.md.

Each part is written down when it has ended, so that who stops goes on with the next one: `make soak` again leaves out
what was good on the same commit. `python tests/soak/run.py --list` names the parts, `PART …` plays these, good or not.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "soak.md"
DONE = ROOT / "build" / "soak"
"""What each part did, a file a part."""
CARS = int(os.environ.get("SOAK_CARS", "500"))
KILLS = int(os.environ.get("SOAK_KILLS", "50"))
FAILS = int(os.environ.get("SOAK_FAILS", "20"))
TRIES = int(os.environ.get("SOAK_TRIES", "2000"))
HISTORY_KILLS = int(os.environ.get("SOAK_HISTORY_KILLS", "100"))
RUSH_MIN = int(os.environ.get("SOAK_RUSH_MIN", "60"))
FUZZ_S = int(os.environ.get("SOAK_FUZZ_S", "600"))
LINES = 40
"""So many lines of what a part said are kept, and as many of what it complained of if it failed."""
SCHEDULES = int(os.environ.get("SOAK_SCHEDULES", "1000"))


@dataclass(frozen=True, slots=True)
class Long:
    """One long run; `key` names it on the command line."""

    key: str
    name: str
    command: Sequence[str]


@dataclass(frozen=True, slots=True)
class Done:
    """What a part did, when, and on which commit."""

    name: str
    commit: str
    day: str
    minutes: float
    code: int
    said: str


def runs() -> list[Long]:
    """Give the long runs: the properties with many examples, drills that let the clock run fast, a virtual year."""
    python = sys.executable

    def soak(module: str) -> list[str]:
        return [python, "-m", f"tests.soak.{module}"]

    chaos = [python, "-m", "scada", "drill", "--chaos", "--seed", "1", "--minutes", "20", "--json"]
    drill = [python, "-m", "scada", "drill", "--cars", str(CARS), "--json"]
    every = [python, "-m", "scada", "drill", "--scenario", "all", "--json"]
    properties = [python, "-m", "pytest", "-q", "--timeout", "7200", "tests/property"]
    once = [*soak("once"), "--tries", f"{TRIES}", "--wire"]
    faults = [*soak("faults"), "--schedules", f"{SCHEDULES}"]
    plays = [python, "-m", "pytest", "-q", "--timeout", "1800"]
    steady = soak("steady")
    year = [python, "-m", "scada", "month", "--days", "365", "--seed", "2", "--json"]
    return [
        Long("properties", "properties, 5,000 examples each", properties),
        Long("scenarios", "every scenario, judged", every),
        Long("normal", f"drill, {CARS} cars, normal", [*drill, "--seed", "11"]),
        Long("abnormal", f"drill, {CARS} cars, abnormal paths", [*drill, "--seed", "12", "--scenario", "paths"]),
        Long(
            "postgres",
            f"drill, {CARS} cars, tables in PostgreSQL",
            [*soak("postgres"), "--cars", str(CARS)],
        ),
        Long("kills", f"rush hour, server killed {KILLS} times", [*soak("kill"), "--kills", f"{KILLS}"]),
        Long(
            "failover",
            f"rush hour, the leading one of two servers fails {FAILS} times",
            [*soak("failover"), "--times", f"{FAILS}"],
        ),
        Long(
            "history",
            f"history, what records, what sends and the server killed {HISTORY_KILLS} times",
            [*soak("history_kills"), "--kills", f"{HISTORY_KILLS}"],
        ),
        Long("modbus", f"{TRIES} gate commands over bad lines, Modbus TCP", [*once, "modbus"]),
        Long("opcua", f"{TRIES} gate commands over bad lines, OPC UA", [*once, "opcua"]),
        Long("schedules", f"{SCHEDULES} random fault schedules for billing", faults),
        Long("schedules-pg", "100 more on PostgreSQL", [*faults[:-1], "100", "--first", "100001", "--postgres"]),
        Long(
            "cameras",
            "camera process before a camera that misbehaves, 300 times",
            [*soak("cameras"), "--turns", "300"],
        ),
        Long(
            "rush",
            f"fifty browsers on a rush hour, {RUSH_MIN} minutes",
            [*soak("rush"), "--minutes", f"{RUSH_MIN}"],
        ),
        Long("api", "the API asked all that its document allows and does not", soak("api_fuzz")),
        Long(
            "fuzz",
            f"every parser that outside bytes reach, {FUZZ_S} s each",
            [*soak("fuzz"), "--seconds", f"{FUZZ_S}"],
        ),
        Long("phones", "drivers' phones in a real browser, every play", [*plays, "tests/soak/phone_plays.py"]),
        Long("shift", "a shift at the desk in a real browser, every kind of case", soak("shift")),
        Long("tour", "a tour of every page, as every role, in every look", soak("tour")),
        Long("debian", "from a bare Debian to a checked site, by the page", soak("bare_debian")),
        Long("upgrade", "from version to version by wheels and the real pip", soak("upgrade")),
        Long("lessons", "every lesson of a training, driven", soak("lessons")),
        Long(
            "faults",
            "faults on purpose, 20 minutes",
            chaos,
        ),
        Long("72-hours", "72 hours of a site, 60 times as fast", [*steady, "--hours", "72", "--speed", "60"]),
        Long("2-hours", "two hours of a site", [*steady, "--hours", "2", "--speed", "1"]),
        Long("plates", "drawn plates, 100 of each kind", soak("drawn")),
        Long("year", "virtual year of a 1,000-space car park", year),
        Long("reports", "reports of a virtual month, against what happened", soak("month_reports")),
        Long("mutants", "every mutant of the pure modules", [python, "tests/bench/bench_mutants.py", "--all"]),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what is asked for, or all that is not yet good on this commit; give 1 if one failed."""
    parts = {long.key: long for long in runs()}
    parser = argparse.ArgumentParser(prog="python tests/soak/run.py", description="the long runs, part by part")
    parser.add_argument("parts", nargs="*", metavar="PART", help="only these, good already or not")
    parser.add_argument("--list", action="store_true", help="name the parts and what is known of each")
    asked = parser.parse_args(arguments)
    if unknown := [key for key in asked.parts if key not in parts]:
        parser.error(f"there is no part {', '.join(unknown)}; there are: {', '.join(parts)}")
    done = {key: found for key in parts if (found := _read(key)) is not None}
    if asked.list:
        sys.stdout.writelines(f"{key:14} {long.name}: {_known(done.get(key))}\n" for key, long in parts.items())
        return 0
    commit = _commit()
    wanted = asked.parts or [key for key in parts if key not in done or done[key].commit != commit or done[key].code]
    for key in wanted:
        sys.stderr.write(f"{parts[key].name} …\n")
        done[key] = _played(parts[key], commit)
        _keep(key, done[key])
        _report([done[one] for one in parts if one in done])
    sys.stderr.write(f"written: {REPORT.relative_to(ROOT)}\n")
    return int(any(done[key].code for key in wanted))


def _played(long: Long, commit: str) -> Done:
    began = datetime.now(UTC)
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "soak"}
    ran = subprocess.run(long.command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    minutes = round((datetime.now(UTC) - began).total_seconds() / 60, 1)
    return Done(long.name, commit, f"{began:%Y-%m-%d}", minutes, ran.returncode, _result(ran))


def _commit() -> str:
    """Give the commit, marked where files differ from it: such a state is never the same again."""
    told = subprocess.run(
        ["git", "describe", "--always", "--abbrev=10", "--exclude", "*", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return f"{told}-{datetime.now(UTC):%H%M%S}" if told.endswith("-dirty") else told


def _read(key: str) -> Done | None:
    try:
        return Done(**json.loads((DONE / f"{key}.json").read_text("utf-8")))
    except FileNotFoundError:
        return None


def _keep(key: str, done: Done) -> None:
    DONE.mkdir(parents=True, exist_ok=True)
    (DONE / f"{key}.json").write_text(json.dumps(asdict(done), ensure_ascii=False), "utf-8")


def _known(done: Done | None) -> str:
    return "never played here" if done is None else f"{_word(done)} on {done.commit}, {done.day}"


def _word(done: Done) -> str:
    return "FAILED" if done.code else "good"


def _report(done: Sequence[Done]) -> None:
    rows = [f"| {one.name} | {one.day} | {one.commit} | {one.minutes:.1f} | {_word(one)} |" for one in done]
    details = [f"## {one.name}\n\n```\n{one.said}\n```\n" for one in done]
    head = "# Soak\n\nWritten by `make soak`, part by part: [testing.md](testing.md).\n\n"
    head += "| run | day | commit | minutes | result |\n|---|---|---|---|---|\n"
    REPORT.write_text(head + "\n".join(rows) + "\n\n" + "\n".join(details), encoding="utf-8")


def _result(done: subprocess.CompletedProcess[str]) -> str:
    """Give a drill's JSON object laid out, or the last lines of anything else, of what it complains last."""
    try:
        return json.dumps(json.loads(done.stdout), indent=2, ensure_ascii=False)
    except json.JSONDecodeError:
        said = [text.strip().splitlines()[-LINES:] for text in (done.stdout, done.stderr if done.returncode else "")]
        return "\n".join(line for lines in said for line in lines)


if __name__ == "__main__":
    sys.exit(main())

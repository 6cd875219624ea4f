"""`make soak`: the long forms of what `make test` runs shortly; the figures go to docs/soak.md."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "soak.md"
CARS = int(os.environ.get("SOAK_CARS", "500"))
KILLS = int(os.environ.get("SOAK_KILLS", "50"))
FAILS = int(os.environ.get("SOAK_FAILS", "20"))
TRIES = int(os.environ.get("SOAK_TRIES", "2000"))
HISTORY_KILLS = int(os.environ.get("SOAK_HISTORY_KILLS", "100"))
RUSH_MIN = int(os.environ.get("SOAK_RUSH_MIN", "60"))
FUZZ_S = int(os.environ.get("SOAK_FUZZ_S", "600"))
SCHEDULES = int(os.environ.get("SOAK_SCHEDULES", "1000"))


@dataclass(frozen=True, slots=True)
class Long:
    """One long run and what it did."""

    name: str
    command: Sequence[str]


def runs() -> list[Long]:
    """Give the long runs: the properties with many examples, drills that let the clock run fast, a virtual year."""
    python = sys.executable
    drill = [python, "-m", "scada", "drill", "--cars", str(CARS), "--json"]
    every = [python, "-m", "scada", "drill", "--scenario", "all", "--json"]
    properties = [python, "-m", "pytest", "-q", "--timeout", "7200", "tests/property"]
    once = [python, "-m", "tests.soak.once", "--tries", f"{TRIES}", "--wire"]
    faults = [python, "-m", "tests.soak.faults", "--schedules", f"{SCHEDULES}"]
    plays = [python, "-m", "pytest", "-q", "--timeout", "1800"]
    year = [python, "-m", "scada", "month", "--days", "365", "--seed", "2", "--json"]
    return [
        Long("properties, 5,000 examples each", properties),
        Long("every scenario, judged", every),
        Long(f"drill, {CARS} cars, normal", [*drill, "--seed", "11"]),
        Long(f"drill, {CARS} cars, abnormal paths", [*drill, "--seed", "12", "--scenario", "paths"]),
        Long(f"drill, {CARS} cars, tables in PostgreSQL", [python, "-m", "tests.soak.postgres", "--cars", str(CARS)]),
        Long(f"rush hour, server killed {KILLS} times", [python, "-m", "tests.soak.kill", "--kills", f"{KILLS}"]),
        Long(
            f"rush hour, the leading one of two servers fails {FAILS} times",
            [python, "-m", "tests.soak.failover", "--times", f"{FAILS}"],
        ),
        Long(
            f"history, what records, what sends and the server killed {HISTORY_KILLS} times",
            [python, "-m", "tests.soak.history_kills", "--kills", f"{HISTORY_KILLS}"],
        ),
        Long(f"{TRIES} gate commands over bad lines, Modbus TCP", [*once, "modbus"]),
        Long(f"{TRIES} gate commands over bad lines, OPC UA", [*once, "opcua"]),
        Long(f"{SCHEDULES} random fault schedules for billing", faults),
        Long("100 more on PostgreSQL", [*faults[:-1], "100", "--first", "100001", "--postgres"]),
        Long(
            "camera process before a camera that misbehaves, 300 times",
            [python, "-m", "tests.soak.cameras", "--turns", "300"],
        ),
        Long(
            f"fifty browsers on a rush hour, {RUSH_MIN} minutes",
            [python, "-m", "tests.soak.rush", "--minutes", f"{RUSH_MIN}"],
        ),
        Long("the API asked all that its document allows and does not", [python, "-m", "tests.soak.api_fuzz"]),
        Long(
            f"every parser that outside bytes reach, {FUZZ_S} s each",
            [python, "-m", "tests.soak.fuzz", "--seconds", f"{FUZZ_S}"],
        ),
        Long("drivers' phones in a real browser, every play", [*plays, "tests/soak/phone_plays.py"]),
        Long("a shift at the desk in a real browser, every kind of case", [python, "-m", "tests.soak.shift"]),
        Long("from a bare Debian to a checked site, by the page", [python, "-m", "tests.soak.bare_debian"]),
        Long("drawn plates, 100 of each kind", [python, "-m", "tests.soak.drawn"]),
        Long("virtual year of a 1,000-space car park", year),
        Long("reports of a virtual month, against what happened", [python, "-m", "tests.soak.month_reports"]),
        Long("every mutant of the pure modules", [python, "tests/bench/bench_mutants.py", "--all"]),
    ]


def main() -> int:
    """Run them all, write the report, and give 1 if one failed."""
    rows, details, failed = [], [], False
    for long in runs():
        sys.stderr.write(f"{long.name} …\n")
        began = datetime.now(UTC)
        environment = {**os.environ, "HYPOTHESIS_PROFILE": "soak"}
        done = subprocess.run(long.command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        minutes = (datetime.now(UTC) - began).total_seconds() / 60
        failed |= done.returncode != 0
        rows.append(f"| {long.name} | {minutes:.1f} | {'good' if done.returncode == 0 else 'FAILED'} |")
        details.append(f"## {long.name}\n\n```\n{_result(done)}\n```\n")
    head = f"# Soak of {datetime.now(UTC):%Y-%m-%d}\n\nWritten by `make soak`.\n\n"
    head += "| run | minutes | result |\n|---|---|---|\n"
    REPORT.write_text(head + "\n".join(rows) + "\n\n" + "\n".join(details), encoding="utf-8")
    sys.stderr.write(f"written: {REPORT.relative_to(ROOT)}\n")
    return int(failed)


def _result(done: subprocess.CompletedProcess[str]) -> str:
    """Give a drill's JSON object laid out, or the last lines of anything else."""
    try:
        return json.dumps(json.loads(done.stdout), indent=2, ensure_ascii=False)
    except json.JSONDecodeError:
        return "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])


if __name__ == "__main__":
    sys.exit(main())

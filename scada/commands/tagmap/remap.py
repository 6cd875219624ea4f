"""`daozha tags reload/rollback/versions`: another tag map for the running plant, in somebody's name."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from plc.map.findings import Finding
from scada import say
from scada.bridge import Bridge, Refused, Unknown, Value
from scada.config import Config, ConfigError, load

ASK_S = 30.0
LINK_S = 2.0
WHO = "--by is for a technician or administrator of the site whose first password is changed"
BESIDE = "a second person"
AT_ONCE_S = 20
"""How long one ask lets the plant wait for idle lanes."""

Told = dict[str, object]
Ask = Callable[[str, Mapping[str, object], str], Told | int]


def reload(asked: argparse.Namespace) -> int:
    """Lint the site's files, show what differs, apply it. 0 done, 1 some lane was not idle, 2 it changes nothing."""

    def work(ask: Ask, _config: Config) -> int:
        proposal = ask("reload_tags", {"dry": True}, asked.by)
        if isinstance(proposal, int):
            return proposal
        if not asked.json:
            _tell_proposal(proposal)
        if not proposal["ok"] or asked.dry_run:
            return _finish(proposal, asked.json)
        return _apply(ask, "reload_tags", {"why": asked.why}, asked)

    return _with_plant(asked, work)


def rollback(asked: argparse.Namespace) -> int:
    """Use a former version. 0 done, 1 some lane was not idle, 2 it changes nothing."""

    def work(ask: Ask, _config: Config) -> int:
        number: int | None = asked.to
        if number is None:
            told = ask("tag_map", {}, asked.by)
            if isinstance(told, int):
                return told
            number = _before(told)
        if number is None:
            say.complain("there is no version before this one")
            return 2
        return _apply(ask, "rollback_tags", {"version": number, "why": asked.why, **_beside(asked.second)}, asked)

    return _with_plant(asked, work)


def versions(asked: argparse.Namespace) -> int:
    """List the maps that were ever in use."""

    def work(ask: Ask, config: Config) -> int:
        told = ask("tag_map", {}, asked.by)
        if isinstance(told, int):
            return told
        if asked.json:
            return _finish({**told, "ok": True}, as_json=True)
        for one in cast("list[Told]", told["versions"]):
            at = datetime.fromisoformat(str(one["at"])).astimezone(config.site.zone_info)
            mark = "*" if one["number"] == told["version"] else " "
            say.tell(f"{mark} {one['number']:>4}  {at:%Y-%m-%d %H:%M}  {one['by']}  {one['why']}".rstrip())
        for lane, why in cast("dict[str, str]", told["no_auto"]).items():
            say.note(f"lane {lane} has no AUTO: {why}")
        return 0

    return _with_plant(asked, work)


def _with_plant(asked: argparse.Namespace, work: Callable[[Ask, Config], int]) -> int:
    say.only_trouble()
    try:
        config = load(asked.config)
    except ConfigError as error:
        say.complain(str(error))
        return 2
    if not config.socket("control").exists():
        say.complain("no plant runs here; it takes the files when it starts: daozha run")
        return 2
    with Bridge(config.socket("control"), "control") as bridge:

        def ask(verb: str, args: Mapping[str, object], user: str) -> Told | int:
            match bridge.ask(verb, dict(args), user=user, within_s=ASK_S):
                case Value(value):
                    return cast("Told", value)
                case Refused("forbidden"):
                    say.complain(f"{user} may not do that: {WHO}")
                    return 2
                case Refused(_, error):
                    say.complain(f"{error}: add --second NAME" if error.startswith(BESIDE) else error)
                    return 2
                case Unknown(why):
                    say.complain(f"{why}; see: daozha tags versions")
                    return 2

        return work(ask, config)


def _beside(name: str) -> Told:
    """Ask the second person for the password."""
    if not name:
        return {}
    ask = f"Password of {name}: "
    word = getpass.getpass(ask) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return {"second_name": name, "second_password": word}


def _before(told: Told) -> int | None:
    numbers = [cast("int", one["number"]) for one in cast("list[Told]", told["versions"])]
    return max((number for number in numbers if number < cast("int", told["version"])), default=None)


def _apply(ask: Ask, verb: str, args: Told, asked: argparse.Namespace) -> int:
    """Apply, and ask again as long as lanes are not idle and there is time."""
    left_s = asked.wait
    while True:
        now_s = min(left_s, AT_ONCE_S)
        outcome = ask(verb, {**args, "wait_s": now_s}, asked.by)
        if isinstance(outcome, int):
            return outcome
        left_s -= now_s
        if not outcome["ok"] or not outcome["waiting"] or left_s <= 0:
            break
        say.note(f"waiting: {_waits(outcome)}")
    if not asked.json:
        _tell_outcome(outcome)
    return _finish(outcome, asked.json)


def _finish(told: Told, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    if not told["ok"]:
        return 2
    return 1 if told.get("waiting") else 0


def _tell_proposal(proposal: Told) -> None:
    for told in cast("list[dict[str, Any]]", proposal["findings"]):
        finding = Finding(**told)
        say.complain(f"{finding.severity}: {finding}")
    if not proposal["ok"]:
        say.complain("the map has mistakes: nothing changes")
        return
    found = cast("Told", proposal["differences"])
    if found["same"]:
        say.tell("nothing differs")
    for device in cast("list[Told]", found["devices"]):
        what = "the link is made anew" if device["restarts"] else "the link stays"
        say.tell(f"{device['kind']} device {device['device']}: {what}")
    for tag in cast("list[Told]", found["tags"]):
        columns = cast("dict[str, list[str]]", tag["columns"])
        changes = ", ".join(f"{name} {old or '(blank)'} → {new or '(blank)'}" for name, (old, new) in columns.items())
        say.tell(f"{tag['kind']} {tag['tag']}: {changes}")


def _tell_outcome(outcome: Told) -> None:
    if not outcome["ok"]:
        _tell_proposal(outcome)
        return
    done = cast("list[str]", outcome["done"])
    say.tell(f"version {outcome['version']}: {', '.join(done) or 'no device'} changed")
    if outcome["waiting"]:
        say.complain(f"not yet changed: {_waits(outcome)}; ask again when the lane is idle")


def _waits(outcome: Told) -> str:
    return ", ".join(f"{device} ({why})" for device, why in cast("dict[str, str]", outcome["waiting"]).items())

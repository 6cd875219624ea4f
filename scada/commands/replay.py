"""`daozha replay`: a recorded passage once more through the rules of today. Nothing is carried out."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from zoneinfo import ZoneInfo

from scada import say
from scada.commands.upkeep import with_database
from scada.config import Config, load
from scada.engine.lane.record import Recorded
from scada.engine.lane.replay import Difference, Replayed, recorded_of, replay
from scada.model.lane.codec import CodecError, Json
from scada.model.lane.commands import AnswerRequest, Command, OpenGate, RaiseAlarm, RecordPassage, Show
from scada.model.lane.events import Event, ImageSeen
from scada.model.lane.image import LaneImage, Signal
from scada.model.lane.states import NAMES
from scada.model.names import PassageId
from scada.store.db import Database

SAME = "same"


def replay_passage(asked: argparse.Namespace) -> int:
    """Show a passage's time line and where today's rules decide otherwise. 1 if they do, or if it is not on record."""
    passage = PassageId(asked.passage)
    recorded: list[Recorded] = []

    async def read(config: Config, db: Database) -> int:
        try:
            recorded.extend(await db.read(lambda conn: recorded_of(conn, config.site_id, passage)))
        except CodecError as error:
            say.complain(f"{passage}: the journal cannot be read: {error}")
            return 1
        if not recorded:
            say.complain(f"{passage}: no lane has recorded such a passage")
        return int(not recorded)

    if code := with_database(asked, read):
        return code
    steps = replay(recorded)
    if asked.json:
        sys.stdout.write(json.dumps(_object(passage, steps), ensure_ascii=False) + "\n")
    else:
        _show(passage, steps, load(asked.config).site.zone_info)
    return int(_differs(steps))


def _differs(steps: Sequence[Replayed]) -> bool:
    return any(one.differences for one in steps)


def _object(passage: PassageId, steps: Sequence[Replayed]) -> dict[str, object]:
    return {
        "passage": passage,
        "lane": steps[0].recorded.before.name,
        "same": not _differs(steps),
        "steps": [
            {
                "n": one.recorded.n,
                "at": one.recorded.event.at.isoformat(),
                "event": _event(one.recorded.event, one.recorded.before.image),
                "state": NAMES[type(one.recorded.done.lane.state)],
                "commands": [_command(command) for command in one.recorded.done.commands],
                "differences": [{"where": d.where, "recorded": d.recorded, "now": d.now} for d in one.differences],
            }
            for one in steps
        ],
    }


def _show(passage: PassageId, steps: Sequence[Replayed], zone: ZoneInfo) -> None:
    rows = [
        (
            f"{one.recorded.n}",
            f"{one.recorded.event.at.astimezone(zone):%H:%M:%S.%f}"[:-3],
            _event(one.recorded.event, one.recorded.before.image),
            NAMES[type(one.recorded.done.lane.state)],
            "\n".join(_command(command) for command in one.recorded.done.commands),
            "\n".join(map(_difference, one.differences)) or SAME,
        )
        for one in steps
    ]
    say.show_table(passage, ("row", "time", "what happened", "state", "commands", "decided again"), rows)
    differing = sum(bool(one.differences) for one in steps)
    verdict = f"{differing} of them decided otherwise" if differing else "all the same"
    say.tell(f"{len(steps)} steps, {verdict}")


def _difference(one: Difference) -> str:
    return f"{one.where}: {_short(one.recorded)} → {_short(one.now)}"


def _short(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False)


def _event(event: Event, before: LaneImage) -> str:
    if not isinstance(event, ImageSeen):
        return type(event).__name__
    seen = {part.name: (getattr(before, part.name), getattr(event.image, part.name)) for part in fields(before)}
    return "image: " + ", ".join(f"{name} {_value(now)}" for name, (was, now) in seen.items() if was != now)


def _value(value: object) -> str:
    match value:
        case Signal(on=on, quality=quality):
            return ("on" if on else "off") if quality.is_good else quality.name.lower()
        case _:
            return getattr(value, "name", str(value)).lower()


def _command(command: Command) -> str:
    name = type(command).__name__
    match command:
        case Show(message=message):
            return f"{name} {message.value}"
        case OpenGate(authorisation=leave, number=number):
            return f"{name} {number}: {leave.reason.value} by {leave.by}"
        case RecordPassage(outcome=outcome, note=note):
            return f"{name} {outcome.name} {note}".rstrip()
        case RaiseAlarm(code=code):
            return f"{name} {code}"
        case AnswerRequest(answer=answer):
            return f"{name} {type(answer).__name__}"
        case _:
            return name

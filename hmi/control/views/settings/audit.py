"""The audit log: what people did, by day, person and deed, with what stood before and after; as a file, too."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from hmi.control.shiftsheet import REASONS
from hmi.control.views.settings.common import field, listed, local, seer, shown
from hmi.language import say, say_words
from hmi.sheets import XLSX, as_csv, as_xlsx
from scada.bridge import Message
from scada.model.money import Fen, yuan_text

audit = Blueprint("audit", __name__, url_prefix="/settings/audit")

_PIECE, _MOST = 100, 20_000
_FILTER = ("from", "to", "person", "what")
_TYPED = frozenset({"reason", "note", "evidence", "name", "plate", "title", "label"})
"""Parts of a row that hold what somebody wrote."""
_DAY = len("2026-05-01")
_HEAD = ("n", "at", "person", "deed", "lane", "details")


@audit.get("")
def page() -> ResponseReturnValue:
    """Show what people did, the newest first."""
    seer()
    chosen = _chosen()
    rows = listed("audit", {**chosen, "before": _before(), "limit": _PIECE})
    older = rows[-1]["n"] if len(rows) == _PIECE else None
    return shown("audit", "", 200, rows=[_told(row) for row in rows], chosen=chosen, older=older)


@audit.get("/file.<form>")
def fetch(form: str) -> ResponseReturnValue:
    """Give what is chosen as a file."""
    seer()
    rows = [_cells(row) for row in _all(_chosen())]
    if form == "xlsx":
        return _file(as_xlsx("audit", _HEAD, rows), XLSX, form)
    return _file(as_csv(_HEAD, rows), "text/csv", "csv")


def _file(content: bytes, kind: str, form: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="audit.{form}"'
    return answer


def _all(chosen: Message) -> Iterator[Mapping[str, object]]:
    """Give all rows that are chosen, piece after piece."""
    before, given = 0, 0
    while given < _MOST:
        rows = listed("audit", {**chosen, "before": before, "limit": 200})
        yield from rows
        given += len(rows)
        if len(rows) < 200:
            return
        before = int(str(rows[-1]["n"]))


def _chosen() -> Message:
    return {name: text for name in _FILTER if (text := field(name))}


def _before() -> int:
    return max(0, request.args.get("before", 0, type=int))


def _told(row: Mapping[str, object]) -> dict[str, object]:
    body = row.get("body")
    body = dict(body) if isinstance(body, Mapping) else {}
    changes = body.pop("changes", None)
    return {
        **row,
        "when": local(row["at"]),
        "what": say(str(row["what"]).replace("_", " ")),
        "actor": say(str(row["actor"])),
        "body": [(_title(name), text) for name, value in body.items() if (text := _told_value(name, value))],
        "changes": [_change(one) for one in changes if isinstance(one, Mapping)] if isinstance(changes, list) else [],
    }


def _title(name: str) -> str:
    """Name a part of a row in the page's language; one that has no name of its own is named as it is kept."""
    titles = {
        "address": say("Address"),
        "after": say("After"),
        "amount_fen": say("Amount"),
        "before": say("Before"),
        "brought_by": say("Brought by"),
        "case": say("Case"),
        "evidence": say("Evidence"),
        "files": say("File"),
        "from": say("From"),
        "kind": say("Kind"),
        "lane": say("Lane"),
        "merchant": say("Merchant"),
        "minutes": say("Minutes"),
        "name": say("Name"),
        "note": say("Note"),
        "number": say("No."),
        "passage": say("Passage"),
        "plate": say("Plate"),
        "reason": say("Reason"),
        "request": say("Request"),
        "role": say("Role"),
        "second": say("Second person"),
        "shift": say("Shift"),
        "stay": say("Stay"),
        "subject": say("Subject"),
        "tag": say("Tag"),
        "value": say("Value"),
        "version": say("Version"),
        "why": say("Reason"),
    }
    return titles.get(name, name.replace("_", " "))


def _told_value(name: str, value: object) -> str:
    """Write a part of a row for people; what stands for nothing is left out, what somebody typed stays as it is."""
    match value:
        case None | "" | [] | {}:
            return ""
        case dict():
            parts = [(_title(str(one)), _told_value(str(one), it)) for one, it in value.items()]
            return ", ".join(f"{title}: {text}" for title, text in parts if text)
        case list():
            return ", ".join(_told_value(name, one) for one in value)
        case int() if name.endswith("_fen") and not isinstance(value, bool):
            return f"¥{yuan_text(Fen(value))}"
        case str() if name == "reason" and value in REASONS:
            return say(REASONS[value])
        case str() if name not in _TYPED:
            return _moment(value) or say_words(value)
        case _:
            return _plain(value)


def _moment(text: str) -> str:
    try:
        return local(text) if len(text) > _DAY and datetime.fromisoformat(text).tzinfo else ""
    except ValueError:
        return ""


def _change(one: Mapping[str, object]) -> Sequence[str]:
    return [_plain(one.get(name)) for name in ("place", "before", "after")]


def _plain(value: object) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cells(row: Mapping[str, object]) -> list[str]:
    body = json.dumps(row["body"], ensure_ascii=False)
    return [str(row["n"]), local(row["at"]), str(row["actor"]), str(row["what"]), str(row["lane"] or ""), body]

"""Reports: picked on a page, made beside the plant, shown there and downloaded in every form."""

import base64
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, abort, jsonify, render_template, stream_with_context
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, sent, text
from hmi.control.room import room
from hmi.language import language, say
from scada.bridge import Message, Value
from scada.model.reports import FORMATS, REPORTS, Listed, Option

reports = Blueprint("reports", __name__)

_KINDS: Final = {
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "zip": "application/zip",
    "pdf": "application/pdf",
    "json": "application/json",
}
_WITHIN_S: Final = 12.0
_NAME, _DAY, _JOB = 64, 10, 32


@reports.get("/reports")
def page() -> ResponseReturnValue:
    """Show the page; a report is asked for there."""
    who, config = signed_in(), room().config
    if not who.may_see_reports:
        abort(403)
    page_data = {
        "site": {"zone": config.site.zone},
        "lanes": [lane.name for lane in config.lanes],
        "reports": [_told(listed) for listed in REPORTS if listed.is_technical or who.may_see_money],
        "formats": list(FORMATS),
    }
    return render_template("control/reports.html", who=who, site=config.site, page_data=page_data)


def _told(listed: Listed) -> dict[str, object]:
    """Give what the page needs to know of a report, in its language."""
    options = [{"key": one.key, "title": say(one.title.english)} for one in listed.options]
    return {"name": listed.name, "title": say(listed.title.english), "options": options}


@reports.post("/api/reports")
def make() -> ResponseReturnValue:
    """Begin to make a report."""

    def take(body: dict[str, object]) -> Message | str:
        try:
            named = {name: text(body, name, limit) for name, limit in (("report", _NAME), ("form", _NAME))}
            days = {name: text(body, name, _DAY) for name in ("from", "to")}
            options = {one.key: text(body, one.key, _NAME, needed=False) for one in _options(named["report"])}
        except ValueError as error:
            return str(error)
        return {**named, **days, "language": language(), **{key: value for key, value in options.items() if value}}

    return sent("make_report", take, may=signed_in().may_see_reports)


def _options(name: str) -> tuple[Option, ...]:
    return next((listed.options for listed in REPORTS if listed.name == name), ())


@reports.get("/api/reports/<job>")
def state(job: str) -> ResponseReturnValue:
    """Tell how a report goes."""
    return answered(ask("report_made", {"job": job[:_JOB]}, within_s=_WITHIN_S))


@reports.post("/api/reports/<job>/stop")
def stop(job: str) -> ResponseReturnValue:
    """End a report that nobody waits for any more."""
    return sent("stop_report", lambda _body: {"job": job[:_JOB]}, may=signed_in().may_see_reports)


@reports.get("/reports/<job>")
def fetch(job: str) -> ResponseReturnValue:
    """Give a report that was made: a piece for the page as it is, all else as a file."""
    match ask("report_made", {"job": job[:_JOB]}, within_s=_WITHIN_S):
        case Value({"state": "made", "name": str() as name, "bytes": int() as size}):
            return _file(job[:_JOB], name, size)
        case Value():
            return jsonify(why="it is not made"), 409
        case reply:
            return answered(reply)


def _file(job: str, name: str, size: int) -> Response:
    is_piece = name.endswith(".piece.html")
    kind = "text/html" if is_piece else _KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    answer = Response(stream_with_context(_parts(job, size)), mimetype=kind)
    answer.headers["Content-Length"] = str(size)
    if not is_piece:
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _parts(job: str, size: int) -> Iterator[bytes]:
    """Give a file part after part; a broken one is too short, and the browser says so."""
    given = 0
    while given < size:
        match ask("report_part", {"job": job, "offset": given}, within_s=_WITHIN_S):
            case Value({"part_b64": str() as part}) if part:
                content = base64.b64decode(part)
                given += len(content)
                yield content
            case _:
                return

"""Reports: picked on a page, made beside the plant, shown there and downloaded in every form."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from flask import Blueprint, Response, abort, jsonify, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Name, Nothing
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, order
from hmi.control.room import room
from hmi.control.sessions import Session
from hmi.language import language, say
from scada.bridge import Message, Value
from scada.model.reports import FORMATS, REPORTS, Listed

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
_NAME, _JOB = 64, 32
_CLAUSE = re.compile("[;；]")
"""Ends what a report is about; behind it stands what its command's exit code means."""
_Day = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]


class Wanted(Edge):
    """Which report, in which form, of which days; the options of a report stand beside."""

    report: Name
    form: Name
    since: Annotated[_Day, Field(alias="from")]
    until: Annotated[_Day, Field(alias="to")]


@reports.get("/reports")
def page() -> ResponseReturnValue:
    """Show the page; a report is asked for there."""
    who, config = signed_in(), room().config
    if not who.may_see_reports:
        abort(403)
    page_data = {
        "site": {"zone": config.site.zone},
        "lanes": [lane.model_dump(include={"name", "title", "title_en"}) for lane in config.lanes],
        "reports": [_told(listed) for listed in REPORTS if listed.is_technical or who.may_see_money],
        "formats": list(FORMATS),
    }
    return render_template(
        "control/reports.html", who=who, site=config.site, page_data=page_data, schedules=_schedules(who)
    )


def _schedules(who: Session) -> Sequence[Mapping[str, str]]:
    """Ask what is sent by itself; none for whoever may not see it, and while the plant does not answer."""
    if not who.may("report_schedules"):
        return ()
    match ask("report_schedules", {}):
        case Value(list() as rows):
            return [row for row in rows if isinstance(row, dict)]
        case _:
            return ()


def _told(listed: Listed) -> dict[str, object]:
    """Give what the page needs to know of a report, in its language."""
    options = [{"key": one.key, "title": say(one.title.english)} for one in listed.options]
    return {
        "name": listed.name,
        "title": say(listed.title.english),
        "about": _CLAUSE.split(say(listed.about.english))[0],
        "options": options,
    }


@reports.post("/api/v1/reports")
@described("make_report")
def make(body: Wanted) -> ResponseReturnValue:
    """Begin to make a report."""
    options = _options(body.report, request.get_json())
    return order("make_report", {**body.args(), "language": language(), **options})


def _options(name: str, given: dict[str, object]) -> Message:
    """Take the options that this report knows; those left empty are none."""
    known = next((listed.options for listed in REPORTS if listed.name == name), ())
    texts = {one.key: str(given.get(one.key) or "").strip()[:_NAME] for one in known}
    return {key: value for key, value in texts.items() if value}


@reports.get("/api/v1/reports/<job>")
@described("report_made", answer=object)
def state(job: str) -> ResponseReturnValue:
    """Tell how a report goes."""
    return answered(ask("report_made", {"job": job[:_JOB]}, within_s=_WITHIN_S))


@reports.post("/api/v1/reports/<job>/stop")
@described("stop_report")
def stop(job: str, body: Nothing) -> ResponseReturnValue:
    """End a report that nobody waits for any more."""
    return order("stop_report", {"job": job[:_JOB], **body.args()})


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

"""Lists of plates: white, black, locked, special, and month cards by hand; one by one, or as a table that is imported.

What a table would change is shown before it is applied.
"""

import base64
from collections.abc import Sequence
from typing import Annotated, Final

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Text
from hmi.control.auth import signed_in
from hmi.control.orders import order
from hmi.control.views.settings.common import changed, field, listed, seer, shown
from hmi.language import say
from hmi.sheets import MOST_BYTES, XLSX, Rows, SheetError, as_csv, as_xlsx, read_table
from scada.bridge import Message

lists = Blueprint("lists", __name__)

_PAGE, _API = "/settings/lists", "/api/v1/settings/lists"
KINDS: Final = ("white", "black", "locked", "special", "month")
COLUMNS: Final = ("plate", "kind", "zone", "from", "until", "card", "spaces", "note")
_MOST_SHOWN: Final = 500
_File = Annotated[str, StringConstraints(min_length=1, max_length=MOST_BYTES * 4 // 3 + 4)]


class Table(Edge):
    """A workbook or CSV, in base64."""

    file_b64: _File


class Import(Table):
    """A table whose difference was looked at; `end_gone`: what it leaves out of its kinds ends."""

    digest: Text
    end_gone: bool = False
    reason: Text


@lists.get(_PAGE)
def page() -> ResponseReturnValue:
    """Show the lists, by kind and by what is looked for."""
    return _shown(_news(field("done")), 200)


def _shown(words: str, status: int) -> ResponseReturnValue:
    seer()
    rows = _chosen()
    return shown(
        "lists",
        words,
        status,
        rows=rows[:_MOST_SHOWN],
        count=len(rows),
        kinds=_kinds(),
        kind=field("kind") if field("kind") in KINDS else "",
        q=field("q"),
        form={name: field(name) for name in COLUMNS},
    )


def _chosen() -> Sequence[dict[str, object]]:
    kind, q = field("kind"), field("q").upper()
    rows = listed("rights", {})
    rows = [row for row in rows if row["kind"] == kind] if kind in KINDS else rows
    return [row for row in rows if q in " ".join(str(value) for value in row.values()).upper()] if q else rows


@lists.get(f"{_PAGE}/file.<form>")
def fetch(form: str) -> ResponseReturnValue:
    """Give what is chosen as a file, in the form in which it is imported."""
    seer()
    rows = [[str(row.get(name) or "") for name in COLUMNS] for row in _chosen()]
    content = as_xlsx("rights", COLUMNS, rows) if form == "xlsx" else as_csv(COLUMNS, rows)
    answer = Response(content, mimetype=XLSX if form == "xlsx" else "text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="rights.{"xlsx" if form == "xlsx" else "csv"}"'
    return answer


@lists.post(f"{_PAGE}/add")
def add() -> ResponseReturnValue:
    """Add one line."""
    args: Message = {name: request.form.get(name, "")[:200].strip() for name in COLUMNS}
    return changed("add_right", args, signed_in().may("add_right"), "lists.page", "added", _shown, kind=field("kind"))


@lists.post(f"{_PAGE}/remove")
def remove() -> ResponseReturnValue:
    """End one line now."""
    args: Message = {name: field(name) for name in ("plate", "kind", "zone")}
    back = field("kind")
    return changed("remove_right", args, signed_in().may("remove_right"), "lists.page", "removed", _shown, kind=back)


@lists.post(f"{_API}/check")
@described("check_rights", while_idle=True)
def check(body: Table) -> ResponseReturnValue:
    """Tell every mistake of a table, and what it would change."""
    try:
        return order("check_rights", {"rows": _rows(body)})
    except SheetError as error:
        return jsonify(why=str(error), code="bad_args"), 400


@lists.post(f"{_API}/import")
@described("import_rights")
def bring_in(body: Import) -> ResponseReturnValue:
    """Bring the lists to what a table says, as its difference was shown."""
    try:
        rows = _rows(body)
    except SheetError as error:
        return jsonify(why=str(error), code="bad_args"), 400
    args: Message = {"rows": rows, "digest": body.digest, "end_gone": body.end_gone, "reason": body.reason}
    return order("import_rights", args)


def _rows(body: Table) -> Rows:
    try:
        content = base64.b64decode(body.file_b64, validate=True)
    except ValueError as error:
        raise SheetError("this is not base64") from error
    return read_table(content)


def _kinds() -> dict[str, str]:
    return {
        "white": say("White list"),
        "black": say("Black list"),
        "locked": say("Locked by the owner"),
        "special": say("Special vehicles"),
        "month": say("Month cards by hand"),
    }


def _news(done: str) -> str:
    match done:
        case "added":
            return say("Added. It counts from the next car on.")
        case "removed":
            return say("Ended.")
        case "imported":
            return say("Imported.")
        case _:
            return ""

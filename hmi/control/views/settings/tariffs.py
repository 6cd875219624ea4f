"""Tariffs: their versions and who signed them, an editor with every mistake at once, a calculator, what it would cost.

A version that two people have not signed charges nobody; the plant looks at it again.
"""

from collections.abc import Mapping
from typing import Annotated

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, MaybeWord, Note, Nothing, Word
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, order
from hmi.control.views.settings.common import changed, field, listed, number, seer, shown, told
from hmi.language import say
from scada.bridge import Message
from scada.model.digits import whole_of
from scada.model.money import Fen, yuan_text

tariffs = Blueprint("tariffs", __name__)

_PAGE = "/settings/tariffs"
_API = "/api/v1/settings/tariffs"
_TEXT, _KEY, _LAST_RUN = 65_536, 80, 999_999_999
_DRAFT = "draft:"
_Terms = Annotated[str, StringConstraints(min_length=1, max_length=_TEXT)]
_Day = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=10)]


class Written(Edge):
    """The text of a tariff."""

    text: _Terms


class Stay(Written):
    """A stay to be priced under a text, and what its driver shows."""

    entry: Word
    exit: Word
    vehicle: MaybeWord = ""
    plate_kind: MaybeWord = ""
    voucher: Note = ""


class Days(Edge):
    """The days whose stays are priced under a text."""

    text: Annotated[_Terms, Field(serialization_alias="draft")]
    since: Annotated[_Day, Field(alias="from")]
    until: Annotated[_Day, Field(alias="to")]


@tariffs.get(_PAGE)
def page() -> ResponseReturnValue:
    """Show the versions."""
    return _list(_news(field("done")), 200)


def _list(words: str, status: int) -> ResponseReturnValue:
    seer()
    return shown("tariffs", words, status, rows=listed("tariffs", {}))


@tariffs.get(f"{_PAGE}/edit")
def edit() -> ResponseReturnValue:
    """Show one version: to be changed if it is a draft, else to be copied into one."""
    return _editor(_news(field("done")), 200)


def _editor(words: str, status: int, written: str | None = None) -> ResponseReturnValue:
    seer()
    if not (key := field("key", _KEY)):
        abort(404)
    found = told("tariff", {"key": key})
    is_draft = str(found["key"]).startswith(_DRAFT)
    subject = field("subject") or (str(found["key"]).removeprefix(_DRAFT) if is_draft else "")
    return shown(
        "tariff",
        words,
        status,
        tariff=found,
        written=found["text"] if written is None else written,
        subject=subject,
        is_open=is_draft and not found.get("charges"),
        is_draft=is_draft,
        page_more={"choices": found["choices"]},
    )


@tariffs.post(f"{_PAGE}/save")
def save() -> ResponseReturnValue:
    """Write a draft."""
    written, key = field("text", _TEXT), field("subject")
    args: Message = {"subject": key, "text": written, "seen": number("seen")}
    return changed(
        "save_tariff",
        args,
        signed_in().may_keep_money,
        "tariffs.edit",
        "saved",
        lambda words, status: _editor(words, status, written),
        key=f"{_DRAFT}{key}",
    )


@tariffs.post(f"{_PAGE}/sign")
def sign() -> ResponseReturnValue:
    """Sign a version, alone or with a second person who signs in beside."""
    key = field("key", _KEY)
    args: Message = {"key": key, "digest": field("digest", 64)}
    return changed("sign_tariff", args, signed_in().may_keep_money, "tariffs.edit", "signed", _editor, key=key)


@tariffs.post(f"{_PAGE}/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take a draft back."""
    args: Message = {"key": field("key", _KEY)}
    return changed("withdraw_tariff", args, signed_in().may_keep_money, "tariffs.page", "withdrawn", _editor)


@tariffs.get(f"{_PAGE}/compare")
def compare() -> ResponseReturnValue:
    """Show two versions side by side."""
    seer()
    one, other = field("one", _KEY), field("other", _KEY)
    if not (one and other):
        abort(404)
    found = told("compare_tariffs", {"one": one, "other": other})
    rules, samples = found["rules"], found["samples"]
    if not isinstance(rules, list) or not isinstance(samples, list):
        abort(503)
    return shown("compare", "", 200, one=one, other=other, rules=rules, samples=[_sample(row) for row in samples])


def _sample(row: Mapping[str, object]) -> dict[str, object]:
    one, other = row["one_fen"], row["other_fen"]
    both = isinstance(one, int) and isinstance(other, int)
    return {**row, "one": _yuan(one), "other": _yuan(other), "differs": both and one != other}


def _yuan(amount: object) -> str:
    return yuan_text(Fen(amount)) if isinstance(amount, int) else "–"


@tariffs.post(f"{_API}/check")
@described("check_tariff", while_idle=True)
def check(body: Written) -> ResponseReturnValue:
    """Tell every mistake of a text that is being written."""
    return order("check_tariff", body.args())


@tariffs.post(f"{_API}/try")
@described("try_tariff", while_idle=True)
def price(body: Stay) -> ResponseReturnValue:
    """Price one stay under a text."""
    return order("try_tariff", body.args())


@tariffs.post(f"{_API}/past")
@described("price_under_draft")
def past(body: Days) -> ResponseReturnValue:
    """Begin to price the stays of some days under a text."""
    return order("price_under_draft", body.args())


@tariffs.get(f"{_API}/past/<run>")
@described("draft_prices", answer=object)
def progress(run: str) -> ResponseReturnValue:
    """Tell how far that is, and what came of it."""
    return answered(ask("draft_prices", {"run": _run(run)}))


@tariffs.post(f"{_API}/past/<run>/stop")
@described("stop_draft")
def stop(run: str, body: Nothing) -> ResponseReturnValue:
    """End it."""
    return order("stop_draft", {"run": _run(run), **body.args()})


def _run(text: str) -> int:
    return whole_of(text, _LAST_RUN) or 0


def _news(done: str) -> str:
    match done:
        case "saved":
            return say("The draft is saved. It charges nobody before two people have signed it.")
        case "signed":
            return say("Signed.")
        case "withdrawn":
            return say("Withdrawn.")
        case _:
            return ""

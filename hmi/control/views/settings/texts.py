"""Displays' texts: what each message says in two languages, tried on a drawn display before it is set."""

from collections.abc import Mapping
from typing import Annotated, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Name, Note
from hmi.control.auth import signed_in
from hmi.control.orders import order
from hmi.control.views.settings.common import changed, field, listed, number, seer, shown, to_come
from hmi.language import say
from scada.bridge import Message

texts = Blueprint("texts", __name__)

_PAGE = "/settings/texts"
_LANGUAGES: Final = ("zh", "en")
_FIELDS: Final = ("zh", "en", "zh_voice", "en_voice")
_MOST_LINES, _LINE = 6, 48
_Lines = Annotated[str, Field(max_length=400)]


class Tried(Edge):
    """One message's texts, a line each, and how many lines the display has."""

    name: Name
    zh: _Lines
    en: _Lines
    zh_voice: Note = ""
    en_voice: Note = ""
    lines: Annotated[int, Field(ge=1, le=16)] = 4


@texts.get(_PAGE)
def page() -> ResponseReturnValue:
    """Show all messages, and one of them in a form."""
    return _shown(say("Set. Displays show it within seconds.") if field("done") == "set" else "", 200)


def _shown(words: str, status: int) -> ResponseReturnValue:
    seer()
    rows = listed("display_texts", {})
    name = field("name")
    chosen = next((row for row in rows if row["name"] == name), rows[0] if rows else {})
    coming = to_come("display_text", str(chosen.get("name", "")))
    return shown("texts", words, status, rows=rows, chosen=chosen, form=_written(chosen), coming=coming)


@texts.post(f"{_PAGE}/set")
def save() -> ResponseReturnValue:
    """Set one message's texts."""
    content = _content({name: request.form.get(name, "")[:400] for name in _FIELDS})
    return _changed({"content": content})


@texts.post(f"{_PAGE}/reset")
def reset() -> ResponseReturnValue:
    """Let one message say again what the site's file says."""
    return _changed({"content": {}})


def _changed(args: Message) -> ResponseReturnValue:
    named: Message = {"name": field("name"), "seen": number("seen")}
    may = signed_in().may("set_display_text")
    return changed("set_display_text", {**named, **args}, may, "texts.page", "set", _shown, name=field("name"))


@texts.post("/api/v1/settings/texts/preview")
@described("preview_display_text", while_idle=True)
def preview(body: Tried) -> ResponseReturnValue:
    """Compose the pages that a display would show."""
    content = _content({name: getattr(body, name) for name in _FIELDS})
    return order("preview_display_text", {"name": body.name, "content": content, "lines": body.lines})


def _content(written: Mapping[str, str]) -> Message:
    lines: Message = {
        language: [line.strip()[:_LINE] for line in written[language].splitlines() if line.strip()][:_MOST_LINES]
        for language in _LANGUAGES
    }
    return {**lines, **{f"{one}_voice": written[f"{one}_voice"].strip() for one in _LANGUAGES}}


def _written(row: Mapping[str, object]) -> dict[str, str]:
    lines = {one: "\n".join(map(str, told)) for one in _LANGUAGES if isinstance(told := row.get(one), list)}
    voices = {f"{one}_voice": str(row.get(f"{one}_voice", "")) for one in _LANGUAGES}
    return {**dict.fromkeys(_FIELDS, ""), **lines, **voices}

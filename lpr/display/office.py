"""The verbs of displays' texts: what each message says, tried on a drawn display, and set while the site runs."""

from collections.abc import Mapping
from typing import Final

from lpr.display.face import Face, Manner, Told, face, places
from lpr.display.texts import BOARD_TEXTS, LANGUAGES, TICKET, Phrase, Texts, TextsError, names, read_texts
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.settings.office import Contents, SettingsOffice
from scada.model.lane.codec import Json
from scada.model.lane.commands import Message
from scada.model.money import Fen
from scada.model.settings import SettingKind
from scada.store.settings import book

FIELDS: Final = ("zh", "en", "zh_voice", "en_voice")
_FEE, _DEBT, _MINUTES = Fen(1500), Fen(500), 135
_FREE: Final = {"free_places": 42, "no_places": 0, "places_unknown": None}


class TextOffice:
    """The texts of displays in the control room. `texts` are those that every display composes its faces of."""

    def __init__(self, texts: Texts, office: SettingsOffice) -> None:
        phrases = texts.phrases
        assert isinstance(phrases, dict)  # noqa: S101 - what reads texts makes one
        self._held: dict[str, Phrase] = phrases
        self._base = dict(phrases)
        self._office = office
        office.on(SettingKind.DISPLAY_TEXT, self._hear)

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"display_texts": self._list, "preview_display_text": self._preview, "set_display_text": self._set}

    async def _hear(self, contents: Contents) -> None:
        """Show what is set from now on: a display composes its face anew within seconds."""
        set_ = read_texts(contents, self._base)
        self._held.clear()
        self._held.update(set_)

    async def _list(self, ask: Ask) -> object:
        kind, site = SettingKind.DISPLAY_TEXT, self._office.site
        last = await self._office.db.read(lambda conn: book.last_versions(conn, site, kind))
        return [
            {"name": name, **_content(self._held[name]), "base": _content(self._base[name]), "seen": last.get(name, 0)}
            for name in names()
        ]

    async def _preview(self, ask: Ask) -> object:
        """Compose the pages that a display of so many lines would show."""
        name, phrase = self._read(ask)
        lines = whole_number(ask, "lines", 1, 16)
        made = _face(name, Texts({**self._held, name: phrase}), Manner(lines, ("zh", "en"), "zh"))
        pages = [[{"text": line.text, "colour": line.colour.value} for line in page] for page in made.pages]
        return {"pages": pages, "voice": made.voice}

    async def _set(self, ask: Ask) -> object:
        """Set the texts of one message; those of the site's file are set by leaving it empty."""
        name = text_of(ask, "name")
        if ask.args.get("content") == {}:
            content: Mapping[str, object] = {}
        else:
            name, phrase = self._read(ask)
            content = _content(phrase)
        before = _content(self._base[name]) if name in self._base else None
        made = await self._office.add(ask, SettingKind.DISPLAY_TEXT, name, content, before)
        return {"seen": made.version}

    def _read(self, ask: Ask) -> tuple[str, Phrase]:
        """Take one message's texts. Raises BridgeRefusal with every mistake."""
        name, content = text_of(ask, "name"), ask.args.get("content")
        if name not in self._base or not isinstance(content, Mapping):
            raise BridgeRefusal("bad_args", f"name: one of {', '.join(names())}; content: its texts")
        try:
            return name, read_texts({name: dict(content)}, self._base)[name]
        except TextsError as error:
            raise BridgeRefusal("bad_args", "\n".join(error.mistakes)) from error


def _face(name: str, texts: Texts, manner: Manner) -> Face:
    """Compose a face with values as they may be."""
    if name in BOARD_TEXTS:
        return places(_FREE[name], texts, manner)
    is_ticket = name == TICKET
    message = Message.GO if is_ticket else Message(name)
    code = "4071" if is_ticket else ""
    told = Told(message, "京A12345", _FEE, _MINUTES, older_fen=_DEBT, owes_fen=_DEBT, code=code)
    return face(told, texts, manner, 42)


def _content(phrase: Phrase) -> dict[str, Json]:
    """Write a phrase as a file of texts has it."""
    lines: dict[str, Json] = {language: list(phrase.lines[language]) for language in LANGUAGES}
    return {**lines, **{f"{language}_voice": voice for language, voice in phrase.voices.items()}}

"""Makes what the pages read from the catalogue: `python -m hmi.i18n.build`, run by a person after words changed.

English stands in the code. `zh.po` is written by people; from it come `zh/LC_MESSAGES/messages.mo` for Python and
templates, and `static/i18n/zh.json` for the browser. Words found in the code that the catalogue lacks are added to
it, empty; words nobody uses are dropped. Words that only the plant says are listed in `plant_words.txt`, those that
only phones, the money page or the tags page show in `phone_words.txt`, `money_words.txt` and `site_words.txt`, and what
lint says of tag maps in `lint_words.txt`.
"""

import json
import re
import sys
import tomllib
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
HMI = HERE.parent
REPORTS = (HMI.parent / "scada" / "reports", HMI.parent / "scada" / "model")
"""Whose texts are said by `say`, in reports."""
ALARMS = HMI.parent / "scada" / "settings" / "alarms.toml"
PO = HERE / "zh.po"
MO = HERE / "zh" / "LC_MESSAGES" / "messages.mo"
JSON = HMI / "static" / "i18n" / "zh.json"
MORE = HMI / "static" / "i18n" / "zh-more.json"
_MORE_SCRIPTS = (
    "alarm-facts.js",
    "alarms-page.js",
    "figures.js",
    "happened.js",
    "cameras-page.js",
    "cash-",
    "lane-dialog.js",
    "last-lists.js",
    "mode-dialog.js",
    "modes.js",
    "money-",
    "park-plan.js",
    "password-again.js",
    "reading.js",
    "reports-page.js",
    "second-person.js",
    "settings-",
    "stay-money.js",
    "till-panel.js",
    "tag-dialog.js",
    "tag-words.js",
    "tags-page.js",
    "visitors-page.js",
)
"""Scripts that the overview does not load, or not at once: their words come later, too."""
_MORE_ROOMS = (
    "desk/",
    "lane/",
    "people/",
    "replay/",
    "diagnosis/",
    "settings/",
    "sites/",
    "technician/",
    "training/",
    "trends/",
)
"""Rooms of scripts of other pages."""
PLANT_WORDS = HERE / "plant_words.txt"
PHONE_WORDS = HERE / "phone_words.txt"
MONEY_WORDS = HERE / "money_words.txt"
SITE_WORDS = HERE / "site_words.txt"
LINT_WORDS = HERE / "lint_words.txt"
EVENT_WORDS = HERE / "event_words.txt"
WORDS = (PLANT_WORDS, PHONE_WORDS, MONEY_WORDS, SITE_WORDS, LINT_WORDS, EVENT_WORDS)
_METHODS = [
    ("**/vendor/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/static/**.js", "javascript"),
]
_OPTIONS = {"**/static/**.js": {"parse_template_string": "true"}}
_EMPTY = {"project": "daozha", "version": "1", "last_translator": "", "language_team": "", "msgid_bugs_address": ""}
_CALL = re.compile(r"\bt\('((?:[^'\\]|\\.)+)'")
_KEYWORDS = {"_": None, "say": None, "words": None, "t": None}


def found(of: str = "") -> set[str]:
    """Find every text in the code (in files whose names end so), and those that the plant says."""
    return {text for file, text in _texts() if file.endswith(of)} | set(plant_words())


@cache
def _texts() -> list[tuple[str, str]]:
    """Give every text in the code with its file."""
    return [*_extracted(), *_by_call()]


def _by_call() -> list[tuple[str, str]]:
    """Give what scripts translate by `t('…')`: Babel's reader misses one whose values stand in a template's braces."""
    scripts = [file for file in (HMI / "static").rglob("*.js") if "vendor" not in file.parts]
    return [
        (str(file.relative_to(HMI)), text.replace("\\'", "'"))
        for file in sorted(scripts)
        for text in _CALL.findall(file.read_text("utf-8"))
    ]


def _extracted() -> list[tuple[str, str]]:
    return [
        (file, message)
        for folder in (HMI, *REPORTS)
        for file, _line, message, _comments, _context in extract_from_dir(
            folder, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS
        )
        if isinstance(message, str)
    ]


def plant_words(*files: Path) -> list[str]:
    """Give the texts that come from the plant, in English; of all lists, or of these."""
    lines = [line for file in files or WORDS for line in file.read_text("utf-8").splitlines()]
    return [line for line in lines if line and line[0] != "#"]


def known() -> Catalog:
    """Read the catalogue."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh")


def updated(old: Catalog, texts: set[str]) -> Catalog:
    """Give the catalogue with exactly these texts, in alphabetical order."""
    new = Catalog(locale="zh", header_comment="# The words of all pages.", fuzzy=False, **_EMPTY)
    new.creation_date = new.revision_date = old.creation_date
    for text in sorted(texts):
        message = old.get(text)
        new.add(text, message.string if message is not None else "")
    return new


def missing(catalogue: Catalog) -> list[str]:
    """List the texts that have no Chinese."""
    return [str(message.id) for message in catalogue if message.id and not message.string]


def as_mo(catalogue: Catalog) -> bytes:
    """Give the catalogue as gettext reads it."""
    content = BytesIO()
    write_mo(content, catalogue)
    return content.getvalue()


def alarm_words() -> dict[str, str]:
    """Give what the shipped alarms say in English, with what they say in Chinese: a lane's tag tells it in English."""
    rows = tomllib.loads(ALARMS.read_text("utf-8"))["alarm"]
    return {row["text"]: row["text_zh"] for row in rows if row["text"] != row["text_zh"]}


def as_json(catalogue: Catalog, *, more: bool = False) -> str:
    """Give what the browser reads: the words of the overview's scripts and the plant's, or `more`, all others."""
    scripts = [(file, text) for file, text in _texts() if file.endswith(".js")]
    first = {text for file, text in scripts if not _is_more(file)} | set(plant_words(PLANT_WORDS))
    rest = {text for file, text in scripts if _is_more(file)} | set(
        plant_words(MONEY_WORDS, SITE_WORDS, LINT_WORDS, EVENT_WORDS)
    )
    wanted = rest - first if more else first
    texts = {str(message.id): str(message.string) for message in catalogue if message.id in wanted}
    texts |= alarm_words() if more else {}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


def _is_more(file: str) -> bool:
    inside = file.rpartition("static/control/")[2]
    return inside.startswith((*_MORE_SCRIPTS, *_MORE_ROOMS))


def main() -> int:
    """Bring the catalogue up to date and write what is made from it; 1 if a text has no Chinese."""
    catalogue = updated(known(), found())
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, no_location=True, sort_output=True, omit_header=False)
    MO.parent.mkdir(parents=True, exist_ok=True)
    MO.write_bytes(as_mo(catalogue))
    JSON.parent.mkdir(parents=True, exist_ok=True)
    JSON.write_text(as_json(catalogue), encoding="utf-8")
    MORE.write_text(as_json(catalogue, more=True), encoding="utf-8")
    for text in missing(catalogue):
        sys.stderr.write(f"no Chinese for: {text}\n")
    return 1 if missing(catalogue) else 0


if __name__ == "__main__":
    raise SystemExit(main())

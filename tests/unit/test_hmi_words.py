"""The catalogue: complete, and all that is made from it is up to date."""

import json
import re
from collections import defaultdict

from hmi.i18n import build
from scada.model.lane.commands import Message
from scada.model.lane.words import Ending, Reason
from scada.model.modes import ModeReason

OURS = [path for room in ("control", "devices") for path in (build.HMI / "static" / room).glob("*.js")]


def test_every_text_has_chinese_and_nothing_is_left_over() -> None:
    catalogue = build.known()
    assert build.missing(catalogue) == []
    assert {str(message.id) for message in catalogue if message.id} == build.found()


def test_texts_inside_template_literals_are_not_overlooked() -> None:
    known = {str(message.id) for message in build.known() if message.id}
    for path in OURS:
        written = re.findall(r"\bt\('([^']+)'", path.read_text(encoding="utf-8"))
        assert set(written) <= known, path.name


def test_what_python_and_the_browser_read_is_made_from_the_catalogue() -> None:
    catalogue = build.known()
    assert build.as_mo(catalogue) == build.MO.read_bytes()
    assert build.as_json(catalogue) == build.JSON.read_text(encoding="utf-8")
    assert build.as_json(catalogue, more=True) == build.MORE.read_text(encoding="utf-8")


def test_chinese_keeps_what_is_to_be_filled_in() -> None:
    texts: dict[str, str] = json.loads(build.JSON.read_text(encoding="utf-8"))
    texts |= json.loads(build.MORE.read_text(encoding="utf-8"))
    for english, chinese in texts.items():
        assert sorted(re.findall(r"\{\w+\}|%\(\w+\)[sd]", english)) == sorted(
            re.findall(r"\{\w+\}|%\(\w+\)[sd]", chinese)
        ), english


def test_the_page_has_a_word_for_every_message_reason_and_ending() -> None:
    words = (build.HMI / "static" / "control" / "words.js").read_text(encoding="utf-8")
    for member in (*Message, *Ending, *Reason, *ModeReason):
        assert f"  {member.value}: () => t(" in words


def test_what_the_server_says_can_be_filled_in_in_both_languages() -> None:
    """A sign for per cent that stands alone would end the page."""
    chinese = {str(one.id): str(one.string) for one in build.known() if one.id}
    said = build.found(".html") | build.found(".py")
    filling: dict[str, int] = defaultdict(int)
    for text in said:
        assert text % filling, text
        assert chinese[text] % filling, text


def test_a_text_in_the_braces_of_a_template_is_known_too() -> None:
    file = build.HMI / "static" / "control" / "alarms" / "alarm-band.js"
    assert "${t('Priority {number}', {number: priority})}" in file.read_text(encoding="utf-8")
    assert "Priority {number}" in build.found("alarm-band.js")

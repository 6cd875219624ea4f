"""The handbooks: every page has its text, in both languages alike, and they speak the words of the screen."""

import re
from collections.abc import Iterator

import pytest

from hmi import handbook
from hmi.i18n import build
from tests.support.hmi_pages import ControlRoom

NO_TOPIC = {"api_page", "auth", "handbook", "openapi", "static"}
"""Blueprints whose pages explain themselves."""


def texts(language: str) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in (handbook.HERE / language).glob("*.md")}


def shape(text: str) -> list[str]:
    """Give what a text is made of: headings by level, list items, table rows."""
    return [found[1] for line in text.splitlines() if (found := re.match(r"(#+|- |\d+\. |\|)", line))]


@pytest.mark.parametrize("language", handbook.LANGUAGES)
def test_the_shelf_holds_every_text_and_no_other(language: str) -> None:
    assert sorted(texts(language)) == sorted(handbook.topics())


def test_both_languages_say_the_same_things_in_the_same_order() -> None:
    chinese, english = texts("zh"), texts("en")
    for name in handbook.topics():
        assert shape(chinese[name]) == shape(english[name]), name


def bold(language: str) -> Iterator[tuple[str, str]]:
    for name, text in texts(language).items():
        for words in re.findall(r"\*\*(.+?)\*\*", text):
            if not words.endswith((".", "。")):
                yield name, words


def test_what_is_bold_is_a_word_of_the_screen_or_the_point_of_a_sentence() -> None:
    catalogue = build.known()
    english = {str(one.id).lower() for one in catalogue if one.id}
    chinese = {str(one.string) for one in catalogue if one.id}
    assert [one for one in bold("en") if one[1].lower() not in english] == []
    assert [one for one in bold("zh") if one[1] not in chinese] == []


def test_every_page_with_a_header_opens_a_text_of_its_own() -> None:
    room = ControlRoom()
    pages = {rule.endpoint.split(".")[0] for rule in room.app.url_map.iter_rules() if rule.endpoint.endswith(".page")}
    assert pages - NO_TOPIC - set(handbook.topics()) == set()


@pytest.mark.parametrize(("language", "words"), [("zh", "值守须知"), ("en", "At the control desk")])
def test_a_text_is_read_in_ones_language_and_leads_to_the_others(language: str, words: str) -> None:
    room = ControlRoom()
    room.sign_in()
    page = room.get(f"/help/shift?lang={language}")
    assert page.status_code == 200
    assert f"<h1>{words}</h1>" in page.text
    assert 'href="/help/overview"' in page.text
    assert "<table>" in page.text


def test_a_page_leads_to_its_own_text() -> None:
    room = ControlRoom()
    room.sign_in()
    assert 'href="/help/tags"' in room.get("/tags").text


def test_a_text_that_there_is_not_is_not_found() -> None:
    room = ControlRoom()
    room.sign_in()
    for name in ("nothing", "..%2fzh.po", "SHIFT"):
        assert room.get(f"/help/{name}").status_code == 404


def test_html_in_a_text_stays_text() -> None:
    assert "<script>" not in handbook._as_html("# x\n\n<script>alert(1)</script>")


def test_who_is_not_signed_in_reads_nothing() -> None:
    assert ControlRoom().get("/help").status_code == 302

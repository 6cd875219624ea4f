"""The tour leaves out no page, and knows who may open each; the journal's words are known in Chinese."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hmi.i18n.said import said
from scada.model.rights import RIGHTS, Role
from tests.support.hmi_pages import ControlRoom
from tests.support.house import ROOT
from tests.support.tour.looks import foreign
from tests.support.tour.stops import ELSEWHERE, MISSING, STOPS

FILES = ("audit.fetch", "lists.fetch", "month_cards.fetch", "stocktake.workbook", "reports.fetch", "openapi.document")
NO_PAGES = {"api", "health", "asset_file", "auth.sign_out", "overview.background", *FILES}
NO_NAMES = frozenset[str]()


def test_every_page_of_the_control_room_is_on_the_tour() -> None:
    adapter = (app := ControlRoom().app).url_map.bind("control")
    seen = {adapter.match(stop.path.partition("?")[0])[0] for stop in STOPS if stop.right != MISSING}
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(("/api/", "/pictures/", "/plan/"))
    }
    assert pages - seen - NO_PAGES - set(ELSEWHERE) == set()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_who_may_not_open_a_page_is_refused_and_nobody_else(role: Role) -> None:
    room = ControlRoom(role.value)
    room.sign_in()
    plain = [stop for stop in STOPS if "{" not in stop.path and stop.right != MISSING]
    refused = [stop.path for stop in plain if room.get(stop.path).status_code == 403]
    assert refused == [stop.path for stop in plain if stop.status(role) == 403]
    assert {stop.right for stop in STOPS} - {MISSING} <= set(RIGHTS)


def test_words_of_another_language_are_found_and_names_are_none() -> None:
    assert foreign("设置 setting changed", "zh", NO_NAMES) == ["setting", "changed"]
    assert foreign("点位 in1.gate.up，PLC 与 xlsx", "zh", NO_NAMES) == []
    assert foreign("Plate 京A12345 of 书店", "en", NO_NAMES) == ["书店"]
    assert foreign("Plate 京A12345 of 书店", "en", frozenset(("书店",))) == []


def test_what_the_journal_says_happened_is_known_in_chinese() -> None:
    assert {"order made", "cash taken", "alarm over"} <= set(happened())
    assert sorted(what for what in happened() if re.search("[A-Za-z]{3}", said(what, "zh"))) == []


def happened() -> Iterator[str]:
    """Give every fixed word that the plant writes into the journal of what happens by itself or to money."""
    kinds = ("event", "money", "look", "picture")
    for folder in ("scada", "billing", "lpr"):
        for file in Path(ROOT, folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
                    if any(text in kinds for text in texts) and isinstance(texts[-1], str) and texts[-1] not in kinds:
                        yield texts[-1].replace("_", " ")

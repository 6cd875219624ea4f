"""The API: every route is described, guarded and in the document; what is wrong with a question is said."""

import re
from collections.abc import Iterator

import pytest

from hmi.control.api.described import PREFIX, SAFE, description_of
from scada.bridge import Value
from scada.model.rights import LOOK, RIGHTS, Role, may, roles_of
from tests.support.hmi_pages import CONTROL, ControlRoom

OPEN = f"{PREFIX}/lanes/out1/open"
AT_THE_LANE = {"cash_price", "plate_history", "live_picture", "desk_shift"}
"""What only those see who work with the cars: prices before they are paid, plates uncovered, the own shift."""
WISH = {"passage": "out1-20261122052210-31", "reason": "EQUIPMENT", "note": ""}


@pytest.fixture(scope="module")
def room() -> ControlRoom:
    one = ControlRoom("administrator")
    one.sign_in()
    return one


def api_routes(room: ControlRoom) -> Iterator[tuple[str, str, str]]:
    """Give method, path and endpoint of every route of the API."""
    for rule in room.app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule.rule, rule.endpoint


def filled(path: str) -> str:
    return re.sub(r"<[^>]+>", lambda one: "out1" if one[0] == "<lane>" else "x", path)


def test_every_route_of_the_api_is_in_the_document_with_its_rights(room: ControlRoom) -> None:
    document = room.get(f"{PREFIX}/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    for method, path, endpoint in api_routes(room):
        what = description_of(room.app.view_functions[endpoint])
        assert what is not None, f"{method} {path} is not described"
        assert path.startswith(f"{PREFIX}/"), path
        operation = document["paths"][re.sub(r"<([^>]+)>", r"{\1}", path)][method.lower()]
        assert operation["x-rights"] == [what.right]
        assert operation["x-roles"] == list(roles_of(what.right))
        assert operation["summary"]


def test_no_reference_of_the_document_leads_nowhere(room: ControlRoom) -> None:
    text = room.get(f"{PREFIX}/openapi.json").text
    named = set(re.findall(r'"\$ref": ?"#/components/schemas/([^"]+)"', text))
    assert named
    assert named <= set(room.get(f"{PREFIX}/openapi.json").get_json()["components"]["schemas"])


def test_no_route_of_the_api_answers_without_a_session(room: ControlRoom) -> None:
    stranger = room.new_browser()
    asked = len(room.plant.asked)
    for method, path, _endpoint in api_routes(room):
        answer = stranger.open(filled(path), method=method, base_url=CONTROL)
        assert answer.status_code == (401 if method in SAFE else 400), (method, path)
    assert len(room.plant.asked) == asked


def test_whatever_changes_something_needs_the_token_of_a_page(room: ControlRoom) -> None:
    asked = len(room.plant.asked)
    for method, path, _endpoint in api_routes(room):
        if method not in SAFE:
            answer = room.browser.open(filled(path), method=method, base_url=CONTROL, json={})
            assert (answer.status_code, answer.get_json()["why"][:8]) == (400, "the page"), (method, path)
    assert len(room.plant.asked) == asked


@pytest.mark.parametrize("role", [role.value for role in Role if role is not Role.SYSTEM])
def test_no_role_oversteps_its_rights(role: str) -> None:
    room = ControlRoom(role)
    room.sign_in()
    for method, path, endpoint in api_routes(room):
        what = description_of(room.app.view_functions[endpoint])
        assert what is not None
        if may(role, what.right):
            continue
        before = len(room.plant.asked)
        answer = room.get(filled(path)) if method in SAFE else room.command(filled(path), {})
        assert answer.status_code == 403, (method, path)
        assert len(room.plant.asked) == before


def test_an_auditor_reads_all_and_changes_nothing() -> None:
    reads = {right for right, roles in RIGHTS.items() if set(roles) >= set(Role) - {Role.SYSTEM}}
    assert LOOK in reads
    mine = {right for right, roles in RIGHTS.items() if Role.AUDITOR in roles}
    room = ControlRoom("auditor")
    for method, path, endpoint in api_routes(room):
        what = description_of(room.app.view_functions[endpoint])
        assert what is not None
        if method in SAFE:
            assert what.right in mine | AT_THE_LANE, path


def test_what_no_table_names_nobody_may() -> None:
    assert not any(may(role.value, "no_such_right") for role in Role)
    assert not may("", LOOK)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.passage"),
        ({**WISH, "reason": "BECAUSE"}, "body.reason"),
        ({**WISH, "passage": 5}, "body.passage"),
        ({**WISH, "note": "x" * 201}, "body.note"),
        ({**WISH, "note": "a\0b"}, "body.note"),
        ({**WISH, "second_name": ["li"]}, "body.second_name"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    room: ControlRoom, body: dict[str, object], where: str
) -> None:
    answer = room.command(OPEN, body)
    told = answer.get_json()
    assert answer.status_code == 422
    assert where in [fault["where"] for fault in told["faults"]]
    assert all(fault["what"] and "openapi.json" in fault["remedy"] for fault in told["faults"])
    assert where.partition(".")[2] in told["why"]
    assert not room.plant.asks("open_gate")


def test_a_mistake_never_repeats_what_was_sent(room: ControlRoom) -> None:
    answer = room.command(OPEN, {**WISH, "second_name": "li", "second_password": ["hunter-2-canary"]})
    assert answer.status_code == 422
    assert "canary" not in answer.text


@pytest.mark.parametrize("body", ["[]", "{", "null", '"text"', '{"a":' + "[" * 9000 + "]" * 9000 + "}"])
def test_a_body_that_is_no_object_is_refused(room: ControlRoom, body: str) -> None:
    token = re.search(r'name="csrf-token" content="([^"]+)"', room.get("/").text)
    assert token
    headers = {"X-CSRFToken": token[1], "Content-Type": "application/json"}
    assert room.post(OPEN, data=body, headers=headers).status_code == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=1e9", "lane=" + "x" * 40])
def test_a_query_is_checked_as_well(room: ControlRoom, query: str) -> None:
    room.plant.verbs["journal"] = lambda _args: Value([])
    assert room.get(f"{PREFIX}/journal?{query}").status_code == 422


def test_the_page_lists_every_route(room: ControlRoom) -> None:
    text = room.get("/api").text
    for method, path, _endpoint in api_routes(room):
        shown = re.sub(r"<([^>]+)>", r"{\1}", path)
        assert f"{method} {shown}" in text

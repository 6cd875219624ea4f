"""The pages of holidays, displays' texts, a site's facts and cameras' regions, with a plant in memory."""

import html
import json
import re

from scada.bridge import Refused, Value
from tests.support.settingpages import CAMERA, PHRASE, YEAR, office, send


def test_a_year_is_shown_seeded_and_signed_by_two() -> None:
    seeded = Value({"days": [{"date": "2026-01-01", "day": "holiday", "name": "new-years-day"}]})
    room = office(holidays=Value(YEAR), seed_holidays=seeded, set_holidays=Value({}))
    page = "/settings/holidays"
    text = room.get(f"{page}?year=2026&lang=en").text
    words = ("The holidays of 2027 are missing", "Signed by wang and li", "2026-10-01 holiday national-day")
    assert [word for word in words if word not in text] == []
    assert "2026-01-01 holiday new-years-day" in room.get(f"{page}?year=2026&seed=1").text
    beside = {"second_name": "li", "second_password": "word"}
    days = "2026-10-01 休 national day\n\n2026-10-10 班"
    fields = {"year": "2026", "seen": "3", "days": days, "reason": "decree", **beside}
    assert send(room, page, f"{page}/sign", **fields) == (303, f"{page}?done=signed&year=2026")
    asked = room.plant.asks("set_holidays")[0]
    assert asked["days"] == [
        {"date": "2026-10-01", "day": "holiday", "name": "national day"},
        {"date": "2026-10-10", "day": "workday", "name": ""},
    ]
    assert (asked["seen"], asked["second_name"]) == (3, "li")
    room.plant.verbs["seed_holidays"] = lambda _args: Refused("refused", "not known yet")
    assert room.get(f"{page}?year=2030&seed=1").status_code == 409


def test_a_displays_text_is_set_given_back_and_previewed() -> None:
    room = office(display_texts=Value([PHRASE]), set_display_text=Value({}), preview_display_text=Value({"pages": []}))
    page = "/settings/texts"
    assert "changed" in room.get(f"{page}?lang=en").text
    fields = {"name": "welcome", "seen": "1", "zh": "欢迎\n{plate}", "en": " Hello \n\n", "reason": "new owner"}
    assert send(room, page, f"{page}/set", **fields)[0] == 303
    content = {"zh": ["欢迎", "{plate}"], "en": ["Hello"], "zh_voice": "", "en_voice": ""}
    assert room.plant.asks("set_display_text")[0]["content"] == content
    send(room, page, f"{page}/reset", name="welcome", seen="1", reason="as before")
    assert room.plant.asks("set_display_text")[1]["content"] == {}
    body = {"name": "welcome", "zh": "a", "en": "b", "lines": 2}
    assert room.command("/api/v1/settings/texts/preview", body).status_code == 200
    assert room.plant.asks("preview_display_text")[0]["lines"] == 2


def test_facts_are_saved_with_a_reason_by_who_answers_for_the_site() -> None:
    facts = {"name": "东门", "name_en": "East", "phone": "010", "company": "", "tax_number": "", "address": ""}
    told = Value({"facts": {**facts, "bank": "", "bank_account": ""}, "seen": 5})
    room = office(site_facts=told, set_site_facts=Value({}))
    page = "/settings/site"
    assert 'value="010"' in room.get(page).text
    assert send(room, page, f"{page}/save", name="x", name_en="y", phone="1", seen="5", reason="moved")[0] == 303
    asked = room.plant.asks("set_site_facts")[0]
    assert (asked["phone"], asked["bank"], asked["seen"], asked["reason"]) == ("1", "", 5, "moved")
    assert 'id="facts"' in office("auditor", site_facts=told).get(page).text
    assert office("operator", site_facts=told).get(page).status_code == 403


def test_a_cameras_region_is_for_technicians() -> None:
    room = office("technician", camera_aims=Value([CAMERA]), try_aim=Value([]), aim_camera=Value({"seen": 3}))
    assert "cam-in1 · in1" in room.get("/settings/cameras").text
    path, region = "/api/v1/settings/cameras/cam-in1", [[0.1, 0.1], [0.9, 0], [0.5, 1]]
    assert room.command(f"{path}/try", {"region": region}).status_code == 200
    assert room.plant.asks("try_aim") == [{"camera": "cam-in1", "region": region, "perspective": []}]
    body = {"region": region, "reason": "turned", "seen": 2}
    assert room.command(path, body).status_code == 200
    assert room.command(path, {**body, "region": [[2, 0]]}).status_code == 422
    later = {**body, "effective_from": "2026-12-01T00:00:00+00:00"}
    assert room.command(path, later).status_code == 200
    assert room.plant.asks("aim_camera") == [{"camera": "cam-in1", "perspective": [], **one} for one in (body, later)]
    assert office("operator").get("/settings/cameras").status_code == 403


def test_where_a_camera_looks_later_waits_on_its_page() -> None:
    waits = {"effective_from": "2999-01-01T00:00:00+00:00", "ended_at": None, "by": "li", "reason": "new mast"}
    room = office("technician", camera_aims=Value([CAMERA]), setting_history=Value([waits]))
    shown = room.get("/settings/cameras?camera=cam-in1&done=later&lang=en").text
    assert 'name="effective_from"' in shown
    assert "2999-01-01 08:00" in shown
    assert "new mast" in shown
    assert "It looks there from then on" in shown
    assert room.plant.asks("setting_history") == [{"kind": "camera", "subject": "cam-in1", "limit": 50}]


FACTS = {
    **dict.fromkeys(("phone", "company", "tax_number", "address", "bank", "bank_account"), ""),
    **{"name": "东门", "name_en": "East"},
}
OVERTAKEN = Refused("refused", "somebody else has changed it meanwhile: look at it again")


def _page_data(text: str) -> dict[str, object]:
    found = re.search(r'data-page="([^"]*)"', text)
    assert found
    data = json.loads(html.unescape(found[1]))
    assert isinstance(data, dict)
    return data


def test_what_was_typed_goes_back_with_a_refusal_and_no_password_does() -> None:
    room = office(holidays=Value(YEAR), set_holidays=OVERTAKEN)
    page = "/settings/holidays"
    beside = {"second_name": "li", "second_password": "secret word"}
    fields = {"year": "2026", "seen": "2", "days": "2026-10-02 休 <b>", "reason": "decree", **beside}
    status, text = send(room, page, f"{page}/sign", **fields)
    assert status == 409
    assert "secret word" not in text
    typed = _page_data(text)["typed"]
    assert isinstance(typed, dict)
    assert (typed["form"], ["days", "2026-10-02 休 <b>"] in typed["fields"]) == (f"{page}/sign", True)
    assert "2026-10-01 holiday national-day" in text, "what stands now is shown, too"
    assert "typed" not in _page_data(room.get(page).text)


def test_the_plants_refusals_are_chinese_on_chinese_pages() -> None:
    room = office(site_facts=Value({"facts": FACTS, "seen": 5}), set_site_facts=OVERTAKEN)
    page = "/settings/site"
    fields = {"name": "x", "name_en": "y", "seen": "4", "reason": "moved"}
    assert "somebody else has changed it" in send(room, page, f"{page}/save", **fields)[1]
    room.get(f"{page}?lang=zh")
    token = {"csrf_token": _token(room.get(page).text)}
    chinese = room.post(f"{page}/save", data={**fields, **token}, headers={"Origin": "http://127.0.0.1:8080"}).text
    assert "期间已有他人修改，请重新查看" in chinese


def _token(text: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found
    return found[1]


def test_a_change_may_begin_later_and_what_waits_is_said() -> None:
    waits = {"effective_from": "2999-01-01T00:00:00+00:00", "ended_at": None, "by": "li", "reason": "new owner"}
    over = {**waits, "effective_from": "2020-01-01T00:00:00+00:00", "reason": "long ago"}
    told = Value({"facts": FACTS, "seen": 5})
    room = office(site_facts=told, set_site_facts=Value({}), setting_history=Value([over, waits]))
    page = "/settings/site"
    text = room.get(f"{page}?lang=en").text
    assert "From 2999-01-01 08:00 on another version holds, set by li: new owner" in text
    assert "long ago" not in text
    fields = {"name": "x", "name_en": "y", "seen": "5", "reason": "moved"}
    assert send(room, page, f"{page}/save", **fields, effective_from="2026-12-01T08:00")[0] == 303
    assert send(room, page, f"{page}/save", **fields, effective_from="tomorrow")[0] == 400
    asked = room.plant.asks("set_site_facts")
    assert [one["effective_from"] for one in asked] == ["2026-12-01T08:00:00+08:00"]


def test_the_head_has_the_name_that_the_plant_tells_and_before_that_the_files() -> None:
    room = office(site_facts=Value({"facts": FACTS, "seen": 5}))
    page = "/settings/site"
    assert ">Daozha demo car park</h1>" in room.get(f"{page}?lang=en").text
    shared = room.app.extensions["room"]
    shared.live.link({"name": "西门", "name_en": "West <Gate>"})
    assert ">West &lt;Gate&gt;</h1>" in room.get(f"{page}?lang=en").text
    shared.live.link(None)
    assert ">西门</h1>" in room.get(f"{page}?lang=zh").text

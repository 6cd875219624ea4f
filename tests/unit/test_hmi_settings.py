"""The pages of settings, without a server and with a plant in memory."""

import io

from openpyxl import load_workbook

from scada.bridge import Refused, Value
from tests.support.settingpages import AUDIT, FILE, TARIFF, office, send


def test_the_audit_log_tells_who_changed_what_and_what_stood_before() -> None:
    room = office(audit=Value(AUDIT))
    text = room.get("/settings/audit?lang=en&from=2026-05-01&person=li").text
    assert [word for word in ("2026-05-01 08:00", "&lt;moved&gt;", "phone", "–", "=1+1") if word not in text] == []
    assert room.plant.asks("audit")[-1] == {"from": "2026-05-01", "person": "li", "before": 0, "limit": 100}
    csv = room.get("/settings/audit/file.csv").data.decode("utf-8-sig")
    assert '"phone"' in csv.replace('""', '"')
    sheet = load_workbook(io.BytesIO(room.get("/settings/audit/file.xlsx").data)).active
    assert sheet is not None
    assert sheet["C2"].value == "li"


def test_the_audit_log_is_for_who_answers_for_the_site() -> None:
    assert office("operator").get("/settings/audit").status_code == 403
    assert office("auditor", audit=Value([])).get("/settings/audit").status_code == 200
    assert office(audit=Refused("failed", "no")).get("/settings/audit").status_code == 503


def test_tariffs_are_listed_with_who_signed_them_and_what_they_charge() -> None:
    text = office(tariffs=Value([TARIFF, {**FILE, "mistaken": 2}])).get("/settings/tariffs?lang=en").text
    words = ("charges nobody: not signed by two people", "Has mistakes: 2", "2026-05-01 08:00", "Summer")
    assert [word for word in words if word not in text] == []


def test_a_draft_is_saved_and_signed_with_a_reason_by_who_may() -> None:
    room = office(tariff=Value(TARIFF), save_tariff=Value({}), sign_tariff=Refused("refused", "you have signed it"))
    page = "/settings/tariffs/edit?key=draft:summer"
    assert "&lt;/textarea&gt;" in room.get(page).text
    fields = {"key": "draft:summer", "subject": "summer", "seen": "2", "text": "x = 1"}
    assert send(room, page, "/settings/tariffs/save", **fields)[0] == 400
    status, where = send(room, page, "/settings/tariffs/save", **fields, reason="new prices")
    assert (status, where) == (303, "/settings/tariffs/edit?done=saved&key=draft:summer")
    asked = {"subject": "summer", "text": "x = 1", "seen": 2, "reason": "new prices"}
    assert room.plant.asks("save_tariff") == [asked]
    beside = {"second_name": "li", "second_password": "word"}
    signing = {"key": "draft:summer", "digest": "d1", "reason": "agreed", **beside}
    status, text = send(room, page, "/settings/tariffs/sign", **signing)
    assert (status, "you have signed it" in text) == (409, True)
    assert room.plant.asks("sign_tariff") == [signing]
    auditor = office("auditor", tariff=Value(FILE))
    assert 'action="/settings/tariffs/sign"' not in auditor.get("/settings/tariffs/edit?key=x").text
    assert send(auditor, page, "/settings/tariffs/save", **fields, reason="x")[0] == 403


def test_two_tariffs_stand_side_by_side() -> None:
    rows = [{"place": "fixed_interval_rule.1.interval_amount", "before": 500, "after": None}]
    stays = [{"entered_at": "2026-01-06T02:00:00+00:00", "minutes": 61, "one_fen": 1000, "other_fen": 1400}]
    room = office(compare_tariffs=Value({"rules": rows, "samples": stays}))
    text = room.get("/settings/tariffs/compare?one=file:a&other=draft:b&lang=en").text
    assert [word for word in ("interval_amount", "500", "–", "10.00", "14.00 ≠") if word not in text] == []
    assert room.plant.asks("compare_tariffs") == [{"one": "file:a", "other": "draft:b"}]

"""The person in the car: what he reads on the public page, and which stay he takes for his own."""

from datetime import UTC, datetime, timedelta

from scada.model.lane.commands import Message
from scada.model.plate import Plate
from scada.sim.people.driver import Sign, candidates, pick
from scada.sim.people.pages import read_page

CAME = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
WITHIN = timedelta(minutes=10)
PAGE = """<!doctype html><html lang="zh"><head><meta name="csrf-token" content="t-head"><meta charset="utf-8"></head>
<body data-state="candidates" data-lane="out1">
<p>请选择您的车</p><br>
<ul>{items}</ul>
<form method="post" action="/c/abc/help?lang=zh"><input type="hidden" name="csrf_token" value="t1">
<button>呼叫</button></form>
</body></html>"""
ITEM = """<li data-plate="{plate}" data-entered-at="{at}"><img src="x.jpg"><span>{plate}</span>
<form method="post" action="/c/abc/stay"><input type="hidden" name="csrf_token" value="t1">
<input type="hidden" name="stay" value="{stay}"><button type="submit">是我的车</button></form></li>"""


def page_of(*offers: tuple[str, str, datetime]) -> str:
    items = "".join(ITEM.format(stay=stay, plate=plate, at=at.isoformat()) for stay, plate, at in offers)
    return PAGE.format(items=items)


def picked(text: str, plate: str = "京A12345") -> str | None:
    page = read_page("http://localhost:8081/c/abc", text)
    mine = pick(candidates(page), Plate(plate), CAME, WITHIN)
    return mine.form.fields["stay"] if mine else None


def test_a_page_is_read_with_its_state_its_forms_and_their_marks() -> None:
    page = read_page("http://localhost:8081/c/abc", page_of(("s1", "京A12345", CAME)))
    assert page.state == "candidates"
    assert page.csrf_token == "t-head"
    help_form = page.form("/help")
    assert help_form is not None
    assert help_form.action == "http://localhost:8081/c/abc/help?lang=zh"
    assert help_form.fields == {"csrf_token": "t1"}
    assert "plate" not in help_form.data
    stay_form = page.form("stay")
    assert stay_form is not None
    assert stay_form.data["plate"] == "京A12345"


def test_the_form_that_asks_for_a_plate_is_found_by_its_field() -> None:
    text = (
        '<body data-state="asking"><form method="post"><input name="csrf_token" value="t"><input name="plate"></form>'
    )
    page = read_page("http://localhost:8081/c/abc", text)
    form = page.form("plate")
    assert form is not None
    assert (form.action, form.fields) == ("http://localhost:8081/c/abc", {"csrf_token": "t", "plate": ""})


def test_he_takes_the_stay_with_his_plate_at_the_time_he_came() -> None:
    offers = (("s1", "京A12344", CAME), ("s2", "京A12345", CAME + timedelta(minutes=3)))
    assert picked(page_of(*offers)) == "s2"


def test_he_takes_a_misread_plate_like_his_own_if_the_time_fits() -> None:
    assert picked(page_of(("s1", "京A12B45", CAME + timedelta(minutes=1)))) == "s1"


def test_he_takes_no_stay_that_began_when_he_was_elsewhere() -> None:
    assert picked(page_of(("s1", "京A12345", CAME - timedelta(hours=2)))) is None


def test_he_takes_no_stay_of_quite_another_plate() -> None:
    assert picked(page_of(("s1", "沪B99887", CAME))) is None


def test_words_on_the_display_that_nobody_knows_are_no_message() -> None:
    assert Sign.of({"message": "scan_pay"}).message is Message.SCAN_PAY
    assert Sign.of({"message": "ad break"}).message is None
    assert Sign.of(["nonsense"]).message is None

"""The reports page as the server writes it: what is sent by itself, for whoever may see that."""

import pytest

from scada.bridge import Message, Reply, Value
from tests.support.hmi_pages import ControlRoom

MORNING = {
    "name": "morning",
    "every": "day",
    "reports": "day-sheet",
    "to": "folder",
    "next": "2026-05-03T06:30+08:00",
    "last period": "2026-05-01 - 2026-05-01",
    "state": "UNKNOWN",
    "why": "the server hung up",
}


def told(_args: Message) -> Reply:
    return Value([MORNING])


def room(role: str) -> ControlRoom:
    there = ControlRoom(role)
    there.plant.verbs["report_schedules"] = told
    there.sign_in()
    return there


def test_what_is_sent_by_itself_is_shown_with_its_next_time_and_how_the_last_went() -> None:
    page = room("manager").get("/reports?lang=en").text
    for words in ("Sent by itself", "morning", "2026-05-03 06:30", "nobody can know", "the server hung up"):
        assert words in page


@pytest.mark.parametrize("role", ["operator", "technician"])
def test_who_may_not_see_it_is_not_told_and_the_plant_is_not_asked(role: str) -> None:
    there = room(role)
    assert "Sent by itself" not in there.get("/reports?lang=en").text
    assert there.plant.asks("report_schedules") == []


def test_a_plant_that_does_not_answer_leaves_the_rest_of_the_page() -> None:
    there = ControlRoom("manager")
    there.sign_in()
    page = there.get("/reports?lang=en")
    assert page.status_code == 200
    assert "Sent by itself" not in page.text

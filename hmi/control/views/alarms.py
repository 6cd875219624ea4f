"""Alarms: the list that explains itself, and what a person does with one; the plant decides and writes it down."""

from typing import Annotated, Final, Self

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from pydantic import Field, model_validator

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Note, Nothing, TagWord, Text
from hmi.control.auth import signed_in
from hmi.control.orders import looked_up, order
from hmi.control.room import room

alarms = Blueprint("alarms", __name__)

_MOST: Final = 100
_LONGEST_MIN: Final = 7 * 1440
_DAYS: Final = 30


class Events(Edge):
    """Which of what happened: so many before a row, of one alarm."""

    limit: Annotated[int, Field(ge=1, le=200, strict=False)] = 50
    before: Annotated[int | None, Field(ge=1, lt=2**53, strict=False)] = None
    alarm: Note = ""


class Days(Edge):
    """Of how many days figures are wanted."""

    days: Annotated[int, Field(ge=1, le=_DAYS, strict=False)] = _DAYS


class Acknowledged(Edge):
    """The alarms that a person has seen: one, or those of a page."""

    alarms: Annotated[list[TagWord], Field(min_length=1, max_length=_MOST)]
    comment: Note = ""


class OneAlarm(Edge):
    """One alarm, and a comment if there is one."""

    alarm: TagWord
    comment: Note = ""


class Commented(Edge):
    """What a person writes beside an alarm."""

    alarm: TagWord
    comment: Text


class Shelved(Edge):
    """For how long and why: for some minutes, or (`one_shot`) until it has returned."""

    alarm: TagWord
    reason: Text
    minutes: Annotated[int | None, Field(ge=1, le=_LONGEST_MIN)] = None
    one_shot: bool = False

    @model_validator(mode="after")
    def _for_some_time(self) -> Self:
        if (self.minutes is None) is not self.one_shot:
            raise ValueError("either minutes, or one_shot")
        return self


class TakenOut(Edge):
    """By which work order an alarm is taken out of service."""

    alarm: TagWord
    work_order: Annotated[Text, Field(max_length=64)]


@alarms.get("/alarms")
def page() -> ResponseReturnValue:
    """Show the page; the list is asked for when the plant says that it has changed."""
    who, config = signed_in(), room().config
    page_data = {
        "site": {"zone": config.site.zone},
        "mayAct": who.may_answer_alarms,
        "mayTakeOut": who.may("take_alarm_out"),
        "lanes": [lane.model_dump(include={"name", "title", "title_en"}) for lane in config.lanes],
    }
    return render_template("control/alarms.html", who=who, site=config.site, page_data=page_data)


@alarms.get("/api/v1/alarms")
@described("alarms", answer=object)
def listed() -> ResponseReturnValue:
    """Give every alarm that stands, waits for a person, or is shelved or out of service."""
    return looked_up("alarms", {})


@alarms.get("/api/v1/alarms/events")
@described("alarm_events", answer=object)
def events(query: Events) -> ResponseReturnValue:
    """Give what happened to alarms, newest first."""
    return looked_up("alarm_events", query.args())


@alarms.get("/api/v1/alarms/figures")
@described("alarm_figures", answer=object)
def figures(query: Days) -> ResponseReturnValue:
    """Give the figures of ISA-18.2 for the last days."""
    return looked_up("alarm_figures", query.args())


@alarms.post("/api/v1/alarms/acknowledge")
@described("acknowledge_alarms")
def acknowledge(body: Acknowledged) -> ResponseReturnValue:
    """Say that one has seen these alarms."""
    return order("acknowledge_alarms", body.args())


@alarms.post("/api/v1/alarms/comment")
@described("comment_alarm")
def comment(body: Commented) -> ResponseReturnValue:
    """Write something beside an alarm."""
    return order("comment_alarm", body.args())


@alarms.post("/api/v1/alarms/shelve")
@described("shelve_alarm")
def shelve(body: Shelved) -> ResponseReturnValue:
    """Put an alarm aside for some minutes, or until it has returned; always with a reason."""
    return order("shelve_alarm", body.args())


@alarms.post("/api/v1/alarms/unshelve")
@described("unshelve_alarm")
def unshelve(body: OneAlarm) -> ResponseReturnValue:
    """Take an alarm back from the shelf."""
    return order("unshelve_alarm", body.args())


@alarms.post("/api/v1/alarms/reset")
@described("reset_alarm")
def reset(body: OneAlarm) -> ResponseReturnValue:
    """Let go of an alarm that is latched and over."""
    return order("reset_alarm", body.args())


@alarms.post("/api/v1/alarms/take-out")
@described("take_alarm_out")
def take_out(body: TakenOut) -> ResponseReturnValue:
    """Take an alarm out of service for maintenance, with a work order."""
    return order("take_alarm_out", body.args())


@alarms.post("/api/v1/alarms/place-back")
@described("place_alarm_back")
def place_back(body: OneAlarm) -> ResponseReturnValue:
    """Place an alarm in service again."""
    return order("place_alarm_back", body.args())


@alarms.post("/api/v1/alarms/silence")
@described("silence_alarms")
def silence(body: Nothing) -> ResponseReturnValue:
    """Stop the sound at all consoles until something new calls."""
    return order("silence_alarms", body.args())

"""The handbooks, opened from the page that they explain: what it shows, what may be done, and what to do when."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from hmi import handbook as books
from hmi.control.auth import signed_in
from hmi.control.room import room
from hmi.language import language, say

handbook = Blueprint("handbook", __name__, url_prefix="/help")


@handbook.get("")
def contents() -> ResponseReturnValue:
    """Show what there is to read."""
    return _page(None)


@handbook.get("/<name>")
def page(name: str) -> ResponseReturnValue:
    """Show one topic."""
    try:
        return _page(books.read(name, language()))
    except KeyError:
        abort(404)


def topic_here() -> str:
    """Give the topic of the page now being made; none for a page without one."""
    return request.blueprint if request.blueprint in books.topics() else ""


def _page(topic: books.Topic | None) -> ResponseReturnValue:
    titles = {"Operators": say("Operators"), "Technicians": say("Technicians"), "Management": say("Management")}
    shelf = {titles[book]: [books.read(name, language()) for name in names] for book, names in books.HANDBOOKS.items()}
    site = room().config.site
    return render_template(
        "control/handbook.html",
        who=signed_in(),
        site=site,
        page_data={"site": {"zone": site.zone}},
        shelf=shelf,
        topic=topic,
        text=Markup(topic.html) if topic else "",  # noqa: S704  # made from our own files, HTML in them is text
    )

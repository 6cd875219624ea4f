"""One decorator for a route of the API: who may, what it takes, what it answers.

What it says is checked before the route runs, and written into the OpenAPI document, so that the two cannot differ.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, cast, get_origin

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from hmi.control.api.edge import Edge
from hmi.control.auth import signed_in
from hmi.control.room import room
from scada.model.rights import DANGEROUS, RIGHTS

P = ParamSpec("P")
Route = Callable[P, ResponseReturnValue]

PREFIX = "/api/v1"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_IN_PATH = 200


@dataclass(frozen=True, slots=True)
class Described:
    """What a route is: the right that it needs, what it takes and what it answers."""

    right: str
    does: str
    body: type[Edge] | None
    query: type[Edge] | None
    answer: object
    while_idle: bool


class Mistaken(Exception):
    """What was sent cannot be worked with: the status, why, and where the mistakes are."""

    def __init__(self, status: int, why: str, faults: list[dict[str, str]] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.faults = faults or []


def described(
    right: str, *, answer: object = dict[str, object], while_idle: bool = False
) -> Callable[[Route[P]], Route[P]]:
    """Describe a route: stands below Flask's own decorator. A parameter `body` or `query` is filled by its model.

    `while_idle`: what changes nothing at the plant, although it is no GET.
    """
    if right not in RIGHTS:
        raise LookupError(f"{right}: no such right; add it to scada.model.rights")

    def decorate(route: Route[P]) -> Route[P]:
        hints = inspect.get_annotations(cast("Callable[..., object]", route))
        models = {name: hints[name] for name in ("body", "query") if name in hints}
        what = Described(
            right, inspect.getdoc(route) or "", models.get("body"), models.get("query"), answer, while_idle
        )

        @functools.wraps(route)
        def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if (refused := _refused(what)) is not None:
                return refused
            try:
                _check_path(request.view_args or {})
                taken = _taken(what)
            except Mistaken as mistake:
                return jsonify(why=mistake.why, faults=mistake.faults), mistake.status
            return cast("Callable[..., ResponseReturnValue]", route)(*args, **kwargs, **taken)

        checked.__dict__["described"] = what
        return checked

    return decorate


def description_of(view: Callable[..., object] | None) -> Described | None:
    """Give what a view function was described as."""
    found = getattr(view, "described", None)
    return found if isinstance(found, Described) else None


def _refused(what: Described) -> ResponseReturnValue | None:
    """Refuse whoever has no right, or has left the screen alone."""
    who = signed_in()
    if not who.may(what.right):
        return jsonify(why="your role may only look", code="forbidden"), 403
    if request.method in SAFE or what.while_idle:
        return None
    if room().registry.is_idle(who):
        return jsonify(why="idle: sign in again", code="idle"), 401
    if what.right in DANGEROUS and not room().registry.is_fresh(who):
        return jsonify(why="password: give it once more", code="password"), 401
    return None


def _check_path(names: Mapping[str, object]) -> None:
    if any(len(str(name)) > _LONGEST_IN_PATH or not str(name).isprintable() for name in names.values()):
        raise Mistaken(404, "no such thing")
    lane = names.get("lane")
    if lane is not None and lane not in {known.name for known in room().config.lanes}:
        raise Mistaken(404, "no such lane")


def _taken(what: Described) -> dict[str, Edge]:
    """Take query and body as their models say. Raises Mistaken."""
    taken = {}
    if what.query is not None:
        taken["query"] = _checked(what.query, _texts(what.query, request.args), "query")
    if what.body is not None:
        taken["body"] = _checked(what.body, _json(), "body")
    if request.method not in SAFE and not what.while_idle:
        room().registry.used(signed_in())
    return taken


def _json() -> object:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # thousands of brackets within brackets
        body = None
    if not isinstance(body, dict):
        raise Mistaken(400, "not a JSON object", [_fault("body", "not a JSON object")])
    return body


def _texts(model: type[Edge], given: MultiDict[str, str]) -> dict[str, object]:
    """Take the query: what may come several times as a list, all else once."""
    names = {field.alias or name: field for name, field in model.model_fields.items()}
    many = {name for name, field in names.items() if get_origin(field.annotation) in (list, tuple)}
    return {name: given.getlist(name) if name in many else given[name] for name in names if name in given}


def _checked(model: type[Edge], given: object, place: str) -> Edge:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        faults = [_fault(".".join(map(str, (place, *one["loc"]))), one["msg"]) for one in found]
        words = "; ".join(f"{fault['where'].partition('.')[2] or place}: {fault['what']}" for fault in faults)
        raise Mistaken(422, words, faults) from error


def _fault(where: str, what: str) -> dict[str, str]:
    remedy = f"see {request.method} of this route in {PREFIX}/openapi.json"
    return {"where": where, "what": what, "remedy": remedy}

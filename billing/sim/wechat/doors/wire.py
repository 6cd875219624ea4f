"""What comes through a door and what goes out: a call, its answer, and which handler is whose."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from billing.sim.wechat.crypto import Fault
from billing.sim.wechat.platform import WeChat

JSON: Final = "application/json; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
ANYWHERE: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Content-Type"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answers; `signed` answers carry the platform's signature."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    signed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came in; `base` is the address that the simulator was called by."""

    wechat: WeChat
    method: str
    target: str
    body: bytes
    base: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The parameters."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def fields(self) -> dict[str, object]:
        """The body's fields; none if it is no JSON object."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def text(self, name: str, otherwise: str = "") -> str:
        """Give a field as text."""
        return str(self.fields.get(name, otherwise))


Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """Whose call it is, by method and path; the path's groups are handed to the handler."""

    method: str
    path: re.Pattern[str]
    handler: Handler


def route(method: str, path: str, handler: Handler) -> Route:
    """Make a route."""
    return Route(method, re.compile(path), handler)


def dispatch(routes: Sequence[Route], call: Call) -> Answer:
    """Answer a call by its route: 404 for no such path, 405 for another method."""
    is_known = False
    for one in routes:
        match = one.path.fullmatch(call.path)
        if match is None:
            continue
        is_known = True
        if one.method == call.method:
            return one.handler(call, *match.groups())
    return nowhere(call, 405 if is_known else 404)


def nowhere(call: Call, status: int) -> Answer:
    """Answer for a path or a method that is not there."""
    if call.wechat.switchboard.facts.routing_body == "empty":
        return Answer(status)
    return json_answer(status, {"code": "RESOURCE_NOT_EXISTS", "message": "接口不存在"})


def json_answer(status: int, content: object, *, signed: bool = False) -> Answer:
    """Answer in JSON."""
    return Answer(status, json.dumps(content, ensure_ascii=False).encode(), signed=signed)


def done(content: object) -> Answer:
    """Answer what was done, signed."""
    return json_answer(200, content, signed=True)


def refused(call: Call, fault: Fault) -> Answer:
    """Refuse, unsigned as far as anybody knows."""
    signed = call.wechat.switchboard.facts.signed_4xx == "yes"
    return json_answer(fault.status, {"code": fault.code, "message": fault.message}, signed=signed)


def page(text: str, status: int = 200) -> Answer:
    """Answer a page."""
    return Answer(status, text.encode(), HTML)

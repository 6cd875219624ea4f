"""Asks every route of the API what its document allows and what it does not, as every role: made by schemathesis.

The plant behind it refuses whom its own table refuses, and answers everybody else with nothing in particular. What is
looked for: an answer of 500 and more, an order that reaches the plant although the role has no right, a mistake that is
taken, and a status that the document does not name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from hmi.control.api.openapi import made
from scada.bridge import Message, Refused, Reply, Value
from scada.model.rights import Role, may
from tests.support.hmi_pages import CONTROL, ControlRoom, MemoryPlant, page_token

Case = schemathesis.Case[Any]
Operation = APIOperation[Any, Any, Any, Any]
ROLES = tuple(role.value for role in Role if role is not Role.SYSTEM)

__all__ = ["ROLES", "Fault", "Tried", "try_all"]


@dataclass(frozen=True)
class Fault:
    """One thing that must not happen."""

    what: str
    role: str
    route: str
    sent: str


@dataclass
class Tried:
    """How much was asked, and what came of it."""

    asked: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class TablePlant(MemoryPlant):
    """Refuses by the one table, as the plant does."""

    def ask(
        self,
        verb: str,
        args: Message,
        *,
        user: str = "",
        role: str = "",
        session: str = "",
        why: str = "",
        within_s: float = 2.0,
    ) -> Reply:
        if verb in self.verbs:
            return super().ask(verb, args, user=user, role=role)
        self.asked.append((verb, args, user, role))
        return Value({}) if may(role, verb) else Refused("forbidden", f"{user} may not {verb}")


def room_of(role: str) -> ControlRoom:
    """Sign somebody in before a plant that refuses by the table."""
    room = ControlRoom(role)
    room.plant.__class__ = TablePlant
    room.plant.verbs["trends"] = lambda _args: Refused("gone", "there is no history here")
    room.sign_in()
    return room


def try_all(examples: int, only: str = "") -> Tried:
    """Ask every route (whose path begins with `only`) so many good and so many bad things, as every role."""
    rooms = {role: (room := room_of(role), page_token(room)) for role in ROLES}
    with rooms[ROLES[0]][0].app.test_request_context():
        document = made(rooms[ROLES[0]][0].app)
    tried = Tried()
    for case, roles, is_good in _cases(document, examples, only):
        for role, (room, token) in rooms.items():
            _try(tried, case, role, role in roles, is_good, room, token)
    return tried


def _cases(document: Mapping[str, Any], examples: int, only: str) -> Iterator[tuple[Case, list[str], bool]]:
    schema = schemathesis.openapi.from_dict(dict(document))
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path.startswith(only):
            roles = document["paths"][operation.path][operation.method.lower()]["x-roles"]
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                for case in _generated(operation, mode, examples):
                    yield case, roles, mode is GenerationMode.POSITIVE


def _generated(operation: Operation, mode: GenerationMode, examples: int) -> list[Case]:
    kept: list[Case] = []
    try:
        strategy = operation.as_strategy(generation_mode=mode)
        quiet = settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )

        def keep(case: Case) -> None:
            kept.append(case)

        test: Callable[[], None] = quiet(given(strategy)(keep))
        test()
    except Unsatisfiable:
        return []
    return kept


def _try(tried: Tried, case: Case, role: str, has_right: bool, is_good: bool, room: ControlRoom, token: str) -> None:
    sent = case.as_transport_kwargs(base_url=CONTROL)
    before = len(room.plant.asked)
    headers = {name: value for name, value in dict(sent.get("headers") or {}).items() if name.lower() == "content-type"}
    headers["X-CSRFToken"] = token
    answer = room.browser.open(
        sent["url"].removeprefix(CONTROL),
        base_url=CONTROL,
        method=case.method,
        query_string=sent.get("params"),
        json=sent.get("json"),
        headers=headers,
    )
    status = answer.status_code
    tried.asked += 1
    tried.statuses[status] = tried.statuses.get(status, 0) + 1
    told = f"{case.method} {case.path}"
    words = f"{sent['url']} {sent.get('params')} {sent.get('json')} -> {status} {answer.text[:200]}"[:600]
    orders = [verb for verb, _args, _user, asker in room.plant.asked[before:] if not may(asker, verb)]
    if status >= 500:
        tried.faults.append(Fault("broke", role, told, words))
    if not has_right and status not in (403, 404, 405):
        tried.faults.append(Fault("answered without a right", role, told, words))
    if not has_right and len(room.plant.asked) > before:
        tried.faults.append(Fault("reached the plant without a right", role, told, words))
    if orders:
        tried.faults.append(Fault(f"asked the plant for {orders}", role, told, words))

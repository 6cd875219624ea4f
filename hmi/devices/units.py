"""What recognition units push: the raw message goes to the plant, and its answer back, to the byte.

The plant alone knows who a unit is and how its make is answered. A plant that is silent is answered for by an empty
503, which no make takes for an order to open; the unit sends again.
"""

import base64
from typing import Protocol

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from scada.bridge import Message, Refused, Reply, Value

units = Blueprint("units", __name__)
MOST_BYTES = 2_900_000
"""With its base64 it fits into one frame of the bridge."""
_WITHIN_S = 4.0
_MOST_PATH = 128
_STATUS = {"unknown": 404, "bad_args": 400}


class Plant(Protocol):
    """Whom the units' messages go to."""

    def ask(self, verb: str, args: Message, *, within_s: float = 2.0) -> Reply:
        """Ask the plant; the answer is its value, its refusal, or that nobody knows."""


@units.post("/units/<unit>/<key>")
@units.post("/units/<unit>/<key>/<path:rest>")
def push(unit: str, key: str, rest: str = "") -> ResponseReturnValue:
    """Pass one message on."""
    request.max_content_length = MOST_BYTES
    body = request.get_data(cache=False)
    asked: Message = {
        "unit": unit,
        "key": key,
        "rest": rest[:_MOST_PATH],
        "address": request.remote_addr or "",
        "content_type": request.content_type or "",
        "body_b64": base64.b64encode(body).decode("ascii"),
    }
    plant: Plant = current_app.extensions["plant"]
    match plant.ask("push", asked, within_s=_WITHIN_S):
        case Value(value={"body_b64": str(told), "content_type": str(kind)}):
            return Response(base64.b64decode(told), 200, content_type=kind)
        case Refused(code=code) if code in _STATUS:
            return Response(status=_STATUS[code])
        case _:
            return Response(status=503)

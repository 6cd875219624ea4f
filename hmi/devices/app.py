"""The devices' application: a display's page in big words, its state and QR code; and what units push."""

import hashlib
import io
from typing import Protocol

import segno
from flask import Blueprint, Flask, Response, abort, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from hmi.assets import serve_assets
from hmi.devices.units import units
from hmi.language import speak
from hmi.security import harden
from hmi.trainingband import wear_band
from scada.bridge import Message as BridgeMessage
from scada.bridge import Refused, Reply, Value
from scada.config import Config

display = Blueprint("display", __name__)
_QR_LIMIT = 512
_WAYS = ("entry", "exit")
_MODULE_PX = 8


class Plant(Protocol):
    """Whom the displays ask."""

    def ask(self, verb: str, args: BridgeMessage, *, within_s: float = 2.0) -> Reply:
        """Ask the plant; the answer is its value, its refusal, or that nobody knows."""


def create_app(config: Config, plant: Plant, key: bytes) -> Flask:
    """Build the application."""
    app = Flask("hmi", static_folder=None)
    harden(app, config.web.devices, key)
    app.extensions.update(config=config, plant=plant)
    speak(app)
    serve_assets(app, ("devices", "training"))
    wear_band(app, config)
    app.register_blueprint(display)
    app.register_blueprint(units)
    app.add_url_rule("/health", "health", lambda: jsonify(ok=True))
    return app


@display.get("/display/<lane>")
def page(lane: str) -> ResponseReturnValue:
    """Show the display's page; what it says comes with its state.

    In a lane for both ways, `?way=entry` or `?way=exit` is the display of those who come in or go out.
    """
    config: Config = current_app.extensions["config"]
    shown = next((known for known in config.lanes if known.name == lane), None)
    if shown is None:
        abort(404)
    return render_template("devices/display.html", lane=shown)


@display.get("/display/<lane>/state")
def state(lane: str) -> ResponseReturnValue:
    """Give what the display says now; the QR code's content is in its picture only."""
    told = _told(lane)
    if told is None:
        return jsonify(error="the plant does not answer"), 503
    qr = str(told.pop("qr", "") or "")
    return jsonify(
        {
            **told,
            "qr_version": hashlib.sha256(qr.encode()).hexdigest()[:12] if qr else "",
        }
    )


@display.get("/display/<lane>/qr.png")
def qr_code(lane: str) -> ResponseReturnValue:
    """Draw the QR code; 404 when there is none."""
    told = _told(lane)
    content = str((told or {}).get("qr") or "")
    if not 0 < len(content) <= _QR_LIMIT:
        abort(404)
    png = io.BytesIO()
    segno.make(content, error="m", micro=False).save(png, kind="png", scale=_MODULE_PX, border=4)
    return Response(png.getvalue(), mimetype="image/png")


def _told(lane: str) -> dict[str, object] | None:
    """Ask the plant; None when nobody knows. An unknown lane is a 404."""
    way = request.args.get("way", "")
    asked: BridgeMessage = {"lane": lane, "way": way} if way in _WAYS else {"lane": lane}
    reply: Reply = current_app.extensions["plant"].ask("display", asked, within_s=1.0)
    if isinstance(reply, Refused) and reply.code != "failed":
        abort(404)
    return reply.value if isinstance(reply, Value) and isinstance(reply.value, dict) else None

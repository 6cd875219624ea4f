"""The public application, built from its parts."""

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException

from hmi.assets import serve_assets
from hmi.language import say, speak
from hmi.public.asking import Plant
from hmi.public.claims import Pictures, claims, limit_tries
from hmi.public.driver import driver, limit_phones
from hmi.public.me import limit_known, me
from hmi.public.notice import notice
from hmi.security import harden
from scada.config import Config


def create_app(config: Config, plant: Plant, key: bytes) -> Flask:
    """Build the application."""
    app = Flask("hmi", static_folder=None)
    harden(app, config.web.public, key)
    app.extensions.update(config=config, plant=plant, pictures=Pictures())
    speak(app)
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", strategy="moving-window")
    limit_tries(limiter)
    limit_phones(limiter)
    limit_known(limiter)
    serve_assets(app, ("public",))
    app.register_blueprint(claims)
    app.register_blueprint(driver)
    app.register_blueprint(me)
    app.register_blueprint(notice)
    app.add_url_rule("/health", "health", lambda: jsonify(ok=True))
    app.register_error_handler(HTTPException, _say_error)
    return app


def _say_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if request.path.startswith("/wechat/"):
        return jsonify(code="FAIL", message=error.description), status
    words = say("Too many tries. Please wait a minute.") if status == 429 else say("This page cannot be shown.")
    return render_template("public/error.html", words=words, status=status), status

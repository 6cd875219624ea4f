"""The public application, built from its parts."""

from collections.abc import Iterable

from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from werkzeug.exceptions import HTTPException

from hmi.assets import serve_assets
from hmi.language import LANGUAGES, say, speak
from hmi.public.asking import Plant
from hmi.public.calls import calls, limit_calls
from hmi.public.cards import cards, limit_cards
from hmi.public.claims import Pictures, claims, limit_tries
from hmi.public.driver import driver, limit_phones
from hmi.public.fees import plate_shown
from hmi.public.host import host, limit_hosts
from hmi.public.me import limit_known, me
from hmi.public.merchant import limit_shops, shop
from hmi.public.notice import notice
from hmi.public.vouchers import limit_vouchers, vouchers
from hmi.security import harden
from hmi.trainingband import wear_band
from hmi.whence import seat
from scada.config import Config

METHOD_NOT_ALLOWED = 405


def create_app(config: Config, plant: Plant, key: bytes) -> Flask:
    """Build the application."""
    app = Flask("hmi", static_folder=None)
    harden(app, config.web.public, key)
    app.extensions.update(config=config, plant=plant, pictures=Pictures())
    speak(app)
    app.add_template_filter(plate_shown)
    limiter = Limiter(seat, app=app, storage_uri="memory://", strategy="moving-window")
    _limit_guesses(limiter, (calls, cards, claims, driver))
    limit_tries(limiter)
    limit_phones(limiter)
    limit_known(limiter)
    limit_cards(limiter)
    limit_calls(limiter)
    limit_shops(limiter)
    limit_hosts(limiter)
    limit_vouchers(limiter)
    serve_assets(app, ("public", "training"))
    wear_band(app, config)
    app.register_blueprint(calls)
    app.register_blueprint(cards)
    app.register_blueprint(claims)
    app.register_blueprint(driver)
    app.register_blueprint(me)
    app.register_blueprint(notice)
    app.register_blueprint(shop)
    app.register_blueprint(host)
    app.register_blueprint(vouchers)
    app.add_url_rule("/health", "health", lambda: jsonify(ok=True))
    app.register_error_handler(HTTPException, _say_error)
    return app


def _limit_guesses(limiter: Limiter, rooms: Iterable[Blueprint]) -> None:
    """Let one address try a few codes that are none, or no more; who goes on is shown nothing at all for a while.

    Pages that follow something ask once more when it is over: they have a limit of their own.
    """
    for room in rooms:
        limiter.limit("30/minute", key_func=lambda: f"gone {seat()}", deduct_when=_was_gone, exempt_when=_follows)(room)
        limiter.limit(
            "60/minute", key_func=lambda: f"over {seat()}", deduct_when=_was_gone, exempt_when=lambda: not _follows()
        )(room)


def _follows() -> bool:
    return (request.endpoint or "").endswith(".state")


def _was_gone(answer: Response) -> bool:
    return answer.status_code in (404, 410)


def _page_above() -> str:
    """Give the page whose form is sent to this address: it is what whoever loads the answer anew wants to see."""
    page, lang = request.path.rpartition("/")[0] or "/", request.args.get("lang")
    return f"{page}?lang={lang}" if lang in LANGUAGES else page


def _say_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if request.path.startswith("/wechat/"):
        return jsonify(code="FAIL", message=error.description), status
    if status == METHOD_NOT_ALLOWED and request.method == "GET":
        return redirect(_page_above(), 303)
    words = say("Too many tries. Please wait a minute.") if status == 429 else say("This page cannot be shown.")
    if request.headers.get("Accept", "").startswith("application/json"):
        return jsonify(why=words), status
    return render_template("public/error.html", words=words, status=status), status

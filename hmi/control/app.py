"""The control room's application, built from its parts."""

from collections.abc import Callable

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException, default_exceptions

from hmi.assets import serve_assets
from hmi.control.api.lanes import api
from hmi.control.api.openapi import openapi
from hmi.control.auth import guard, limit_tries
from hmi.control.disks import OwnDisks
from hmi.control.live import Live
from hmi.control.modes import modes
from hmi.control.people.views import people
from hmi.control.push import Push
from hmi.control.replays import replays
from hmi.control.room import Plant, Room
from hmi.control.sessions import ABSOLUTE_S, Registry
from hmi.control.sites.away import Away, address_of
from hmi.control.sites.sentover import SentOver
from hmi.control.sites.views import sites
from hmi.control.sites.wall import Wall
from hmi.control.trends import trends
from hmi.control.views.alarms import alarms
from hmi.control.views.cameras import cameras
from hmi.control.views.desk import desk
from hmi.control.views.diagnosis import diagnosis
from hmi.control.views.handbook import handbook, topic_here
from hmi.control.views.lanes import lanes
from hmi.control.views.money import money
from hmi.control.views.overview import overview, theme
from hmi.control.views.passages import passages
from hmi.control.views.reports import reports
from hmi.control.views.settings.aim import aim
from hmi.control.views.settings.audit import audit
from hmi.control.views.settings.cards import cards
from hmi.control.views.settings.facts import facts
from hmi.control.views.settings.holidays import holidays
from hmi.control.views.settings.lists import lists
from hmi.control.views.settings.merchants import merchants
from hmi.control.views.settings.tariffs import tariffs
from hmi.control.views.settings.texts import texts
from hmi.control.views.stocktake import stocktake
from hmi.control.views.tags import tags
from hmi.control.views.technician import PAGES
from hmi.control.views.training import training
from hmi.control.views.trends import trend_page
from hmi.control.views.visitors import visitors
from hmi.language import LANGUAGES, language, say, say_words, speak
from hmi.security import harden
from hmi.trainingband import wear_band
from scada.config import Config

COOKIE = "__Host-daozha_control"
TRAINING_COOKIE = "__Host-daozha_training"
"""A cookie does not know ports: a training on the same machine must not sign anybody out of the real control room."""
LANGUAGE_COOKIE = "daozha_control_language"
THEME_COOKIE = "daozha_control_theme"
_A_YEAR_S = 365 * 86_400


def create_app(
    config: Config,
    plant: Plant,
    key: bytes,
    seconds: Callable[[], float],
    wall: Wall | None = None,
    away: Away | None = None,
) -> Flask:
    """Build the application. `seconds` is monotonic time, by which sessions age; `away`: its plant is elsewhere."""
    app = Flask("hmi", static_folder=None)
    app.config.update(
        SESSION_COOKIE_NAME=_cookie(config, away),
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_TIME_LIMIT=int(ABSOLUTE_S),
    )
    harden(app, config.web.control, key)
    registry, live = Registry(seconds), Live()
    push = Push(app, registry, live, seconds)
    archive = OwnDisks(config) if away is None else SentOver(seconds)
    room = Room(config, plant, registry, live, push, archive, wall=wall or Wall(), away=away)
    app.extensions["room"] = room
    speak(app, LANGUAGE_COOKIE)
    limiter = limit_tries(app)
    guard(app, room)
    _join_provider(app, config, seconds, limiter)
    wear_band(app, config)
    serve_assets(app, ("control", "vendor", "i18n", "training"))
    app.register_blueprint(api)
    app.register_blueprint(openapi)
    app.register_blueprint(people)
    app.register_blueprint(modes)
    app.register_blueprint(trends)
    app.register_blueprint(trend_page)
    for page in PAGES:
        app.register_blueprint(page)
    app.register_blueprint(overview)
    app.register_blueprint(desk)
    app.register_blueprint(stocktake)
    app.register_blueprint(lanes)
    app.register_blueprint(passages)
    app.register_blueprint(diagnosis)
    app.register_blueprint(replays)
    app.register_blueprint(tags)
    app.register_blueprint(alarms)
    app.register_blueprint(cameras)
    app.register_blueprint(money)
    app.register_blueprint(visitors)
    app.register_blueprint(reports)
    if away is None:
        app.register_blueprint(sites)
    for one in (audit, tariffs, cards, lists, merchants, holidays, texts, facts, aim):
        app.register_blueprint(one)
    app.register_blueprint(handbook)
    if config.training is not None:
        app.register_blueprint(training)
    app.jinja_env.globals["topic_here"] = topic_here
    app.jinja_env.globals["site_name"] = lambda: _site_name(room)
    app.jinja_env.globals["lane_titles"] = lambda: _lane_titles(room)
    app.jinja_env.globals["theme"] = lambda: theme(THEME_COOKIE)
    _add_small_things(app)
    _add_wall(app, room)
    return app


def _site_name(room: Room) -> str:
    """Give the car park's name in the page's language, as it is set; until the plant is heard as config.toml has it."""
    key = "name" if language() == "zh" else "name_en"
    return str(room.live.site.get(key) or getattr(room.config.site, key))


def _lane_titles(room: Room) -> dict[str, str]:
    """Give what lanes are called in the page's language, by name."""
    return {lane.name: lane.title if language() == "zh" else lane.title_en for lane in room.config.lanes}


def _cookie(config: Config, away: Away | None) -> str:
    """Name the cookie: one machine may show a training and plants elsewhere beside the room's own."""
    if away is not None:
        return f"{COOKIE}_{away.name}"
    return COOKIE if config.training is None else TRAINING_COOKIE


def _add_wall(app: Flask, there: Room) -> None:
    """Let every page lead to the wall, if there are several car parks, and say whose page it is."""

    def sites_url() -> str:
        if there.away is not None:
            web = there.away.home.web.control
            return f"{address_of(web.url, web.port)}/sites"
        return "/sites" if len(there.wall.watches) > 1 else ""

    app.jinja_env.globals["sites_url"] = sites_url
    app.jinja_env.globals["is_away"] = there.away is not None


def _join_provider(app: Flask, config: Config, seconds: Callable[[], float], limiter: Limiter) -> None:
    """Join the identity provider, if there is one; its libraries are loaded for nobody else."""
    app.jinja_env.globals["provider"] = "" if config.oidc is None else config.oidc.title
    if config.oidc is not None:
        from hmi.control.people.outside import join_provider

        join_provider(app, config, seconds, limiter)


def _add_small_things(app: Flask) -> None:
    app.add_url_rule("/health", "health", lambda: jsonify(ok=True))
    app.after_request(_keep_language)
    app.register_error_handler(HTTPException, _say_error)


def _keep_language(answer: Response) -> Response:
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, asked, max_age=_A_YEAR_S, secure=True, httponly=True, samesite="Strict")
    return answer


def _say_error(error: HTTPException) -> ResponseReturnValue:
    """Answer in JSON where JSON was asked for, else with a small page."""
    status = error.code or 500
    why = "the page is too old: load it again" if isinstance(error, CSRFError) else error.description
    if request.path.startswith("/api/"):
        return jsonify(why=why), status
    return render_template("control/error.html", status=status, why=_in_words(status, str(why or ""))), status


def _in_words(status: int, why: str) -> str:
    """Say in the page's language what is wrong; the words of the library are for programmers."""
    known = {
        403: say("Your role may not see this page."),
        404: say("There is no such page, or what it shows is gone."),
        405: say("This address takes a form; open the page from the menu."),
        413: say("What was sent is too large."),
    }
    is_own = why != default_exceptions[status].description if status in default_exceptions else True
    return say_words(why) if is_own and why else known.get(status, "")

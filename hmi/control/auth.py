"""Signing in and out, and the guard in front of every other page: deny by default."""

import hashlib

from flask import Blueprint, Flask, Response, abort, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import ApplicationLimit, Limiter
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]

from hmi.control.room import Room, room
from hmi.control.sessions import Session
from hmi.language import say
from hmi.whence import address, seat
from scada.bridge import Message, Refused, Unknown, Value
from scada.faces import SIGN_OUT

OPEN_ENDPOINTS = frozenset({"auth.sign_in", "outside_go", "outside_back", "health", "asset_file"})
"""All that answers without a session."""
CHANGING_ENDPOINTS = frozenset({"auth.password", "auth.sign_out"})
"""All that answers while the first password has not been changed."""
BEARER_ENDPOINTS = frozenset({"api.picture", "reports.fetch"})
"""All beside the API that a program may fetch."""
PROGRAM_LIMIT = "600/minute"
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
_SIGN_IN_WITHIN_S = 6.0
_KEY = "key"
_AWAY = "the directory does not answer"
_NO_ROLE = "none of the groups has a role here"

auth = Blueprint("auth", __name__)


def guard(app: Flask, there: Room) -> None:
    """Put the guard before every request. A page's request needs the page's token, a program's its own."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf = CSRFProtect(app)

    def check() -> ResponseReturnValue | None:
        bearer = _bearer()
        if bearer is None:
            csrf.protect()
        g.signed_in = there.registry.get(session.get(_KEY)) if bearer is None else _stood_for(there, bearer)
        if request.endpoint in OPEN_ENDPOINTS:
            return None
        if g.signed_in is None:
            return _ask_to_sign_in() if bearer is None else (jsonify(why="this token is not good, or no longer"), 401)
        if g.signed_in.must_change and request.endpoint not in CHANGING_ENDPOINTS:
            return _ask_to_change()
        return None

    app.before_request(check)
    app.register_blueprint(auth)


def _bearer() -> str | None:
    """Take a program's token; only where programs have anything to ask, and never out of an address."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = request.path.startswith("/api/v1/") or request.endpoint in BEARER_ENDPOINTS
    return token.strip() if wanted and kind.lower() == "bearer" else None


def _stood_for(there: Room, token: str) -> Session | None:
    """Ask the plant whom a token stands for; it gets the hash only."""
    match there.plant.ask("bearer", {"hash": hashlib.sha256(token.encode()).hexdigest()}):
        case Value({"token": str() as name, "name": str() as who, "role": str() as role, "rights": list() as rights}):
            return there.registry.for_token(name, who, role, frozenset(map(str, rights)))
        case Refused():
            return None
        case _:
            abort(503, "the plant does not answer")
    return None


def signed_in() -> Session:
    """Give the session of this request; only where the guard has let it through."""
    found = g.signed_in
    if not isinstance(found, Session):
        abort(401)
    return found


def limit_tries(app: Flask) -> Limiter:
    """Slow down guessing: five wrong tries a minute for an address, and for a name. Gives what other doors limit by."""
    limiter = Limiter(
        seat,
        app=app,
        storage_uri="memory://",
        strategy="moving-window",
        application_limits=[ApplicationLimit(PROGRAM_LIMIT, key_function=_token_key, exempt_when=_has_no_token)],
    )
    by_address = limiter.limit("5/minute", methods=["POST"], deduct_when=_has_failed)
    by_name = limiter.limit(
        "5/minute",
        methods=["POST"],
        deduct_when=_has_failed,
        key_func=_tried_name,
        exempt_when=lambda: not _tried_name(),
    )
    by_address(auth)
    by_name(auth)
    return limiter


def _token_key() -> str:
    return hashlib.sha256(request.headers.get("Authorization", "").encode()).hexdigest()


def _has_no_token() -> bool:
    return _bearer() is None


def _has_failed(answer: Response) -> bool:
    """A wrong password counts; a plant that does not answer is nobody's guess."""
    return answer.status_code in (400, 403)


def _tried_name() -> str:
    return request.form.get("name", "").strip()[:64]


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return jsonify(why="sign in"), 401
    return redirect(url_for("auth.sign_in"))


def _ask_to_change() -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return jsonify(why="change the password first"), 403
    return redirect(url_for("auth.password"))


@auth.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Show the form, or try the name and the password at the plant."""
    if request.method == "GET":
        return render_template("control/sign_in.html")
    name = request.form.get("name", "").strip()[:64]
    arguments: Message = {
        "name": name,
        "password": request.form.get("password", "")[:LONGEST_PASSWORD],
        "address": address(),
    }
    match room().plant.ask("sign_in", arguments, user=name, within_s=_SIGN_IN_WITHIN_S):
        case Value({"name": str() as who, "role": str() as role, "must_change": bool() as must_change}):
            return let_in(who, role, must_change)
        case Refused(_, error):
            status = 503 if error.startswith(_AWAY) else 403  # nobody's guess
            return render_template("control/sign_in.html", wrong=_why_not(error), name=name), status
        case _:
            return render_template("control/sign_in.html", wrong=say("The plant does not answer."), name=name), 503


def _why_not(error: str) -> str:
    """Say no more than the plant: it tells a lock-out, and never which of name and password was wrong.

    Whom the directory believes and gives no role is told so: the password was right.
    """
    if error.startswith("too many"):
        return say("Too many tries. Please wait a minute.")
    if error.startswith(_AWAY):
        return say("The directory does not answer. Sign in with a password of this site.")
    if error == _NO_ROLE:
        return say("You are not let in: %(why)s", why=say(_NO_ROLE))
    return say("Name or password is wrong.")


def let_in(name: str, role: str, must_change: bool) -> ResponseReturnValue:
    """Begin a session of this browser; one that it had ends."""
    room().registry.close(session.pop(_KEY, ""))
    session.clear()
    session[_KEY] = room().registry.open(name, role, must_change).key
    return redirect(url_for("auth.password" if must_change else "overview.page"))


@auth.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session everywhere, its sockets too."""
    who = signed_in()
    room().registry.close(who.key)
    room().push.drop_signed_out()
    if room().away is not None and all(one.name != who.name for one, _, _ in room().registry.all()):
        room().plant.ask(SIGN_OUT, {}, user=who.name)
    session.clear()
    return redirect(url_for("auth.sign_in"))


@auth.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change one's own password."""
    if request.method == "GET":
        return render_template("control/password.html", shortest=SHORTEST_PASSWORD)
    wrong = _wrong_with(request.form.get("new", ""), request.form.get("again", "")) or _change()
    if wrong is not None:
        return render_template("control/password.html", shortest=SHORTEST_PASSWORD, wrong=wrong), 400
    room().registry.password_changed(signed_in())
    room().push.drop_signed_out()
    return redirect(url_for("overview.page"))


def _wrong_with(new: str, again: str) -> str | None:
    if new != again:
        return say("The two new passwords differ.")
    if not SHORTEST_PASSWORD <= len(new) <= LONGEST_PASSWORD:
        return say("The new password needs at least %(count)d signs.", count=SHORTEST_PASSWORD)
    return None


def _change() -> str | None:
    who = signed_in()
    arguments: Message = {
        "name": who.name,
        "old": request.form.get("old", "")[:LONGEST_PASSWORD],
        "new": request.form["new"],
    }
    match room().plant.ask("change_password", arguments, user=who.name, role=who.role, within_s=_SIGN_IN_WITHIN_S):
        case Value():
            return None
        case Refused():
            return say("The plant refused: is the old password right?")
        case Unknown():
            return say("The plant does not answer.")

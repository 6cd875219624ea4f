"""Signing in at an identity provider: the browser goes there and comes back with a code, and the plant believes or not.

Our own session cookie is Strict: the browser does not send it when it comes from the provider. So a cookie of its own,
Lax and short-lived, proves that it is the same browser, and a page of ours leads on.
"""

import hmac
import threading
from collections.abc import Callable
from typing import Final

from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.control.auth import let_in
from hmi.control.room import room
from hmi.language import say
from hmi.whence import address
from scada.bridge import Message, Refused, Value
from scada.config import Config
from scada.secretfile import read_secret
from scada.store.people.oidc import Going, Provider, ProviderError, provider_of

COOKIE: Final = "__Host-daozha_oidc"
WAYS: Final = "10/minute"
"""Sign-ins that an address may begin, and ways back: each makes the server ask the provider, or check a signature."""
_GOOD_S: Final = 600.0
_MOST: Final = 1000
_WITHIN_S: Final = 15.0


class Outside:
    """The sign-ins under way at a provider."""

    def __init__(self, config: Config, provider: Provider, seconds: Callable[[], float]) -> None:
        self._config = config
        self._provider = provider
        self._seconds = seconds
        self._lock = threading.Lock()
        self._under_way: dict[str, tuple[float, Going]] = {}

    def go(self) -> ResponseReturnValue:
        """Send the browser to the provider."""
        try:
            going = self._provider.going(_back())
        except ProviderError:
            return _wrong(say("The identity provider does not answer. Sign in with a password of this site."), 503)
        self._keep(going)
        answer = make_response(redirect(going.url))
        answer.set_cookie(COOKIE, going.state, max_age=int(_GOOD_S), secure=True, httponly=True, samesite="Lax")
        return answer

    def back(self) -> ResponseReturnValue:
        """Take the code, have the plant believe the token, and begin a session."""
        going = self._taken(request.args.get("state", "")[:200])
        code = request.args.get("code", "")[:2000]
        if going is None or not code:
            return _wrong(say("This sign-in was not begun here, or too long ago. Begin again."), 400)
        try:
            secret = read_secret(self._config.secret(_secret_file(self._config)))
            token = self._provider.id_token(code, going.verifier, _back(), secret)
        except (ProviderError, OSError):
            return _wrong(say("The identity provider does not answer. Sign in with a password of this site."), 503)
        asked: Message = {"id_token": token, "nonce": going.nonce, "address": address()}
        match room().plant.ask("sign_in_oidc", asked, within_s=_WITHIN_S):
            case Value({"name": str() as name, "role": str() as role}):
                let_in(name, role, must_change=False)
                return _ended(make_response(render_template("control/outside.html")))
            case Refused(_, why):
                return _wrong(say("You are not let in: %(why)s", why=why), 403)
            case _:
                return _wrong(say("The plant does not answer."), 503)

    def _keep(self, going: Going) -> None:
        now = self._seconds()
        with self._lock:
            young = [(key, kept) for key, kept in self._under_way.items() if now - kept[0] <= _GOOD_S]
            self._under_way = dict(young[-_MOST + 1 :])
            self._under_way[going.state] = (now, going)

    def _taken(self, state: str) -> Going | None:
        """Give a sign-in once, to the browser that began it."""
        if not state or not hmac.compare_digest(state.encode(), request.cookies.get(COOKIE, "").encode()):
            return None
        with self._lock:
            began_s, going = self._under_way.pop(state, (0.0, None))
        return going if self._seconds() - began_s <= _GOOD_S else None


def join_provider(app: Flask, config: Config, seconds: Callable[[], float], limiter: Limiter) -> None:
    """Offer the provider at the sign-in."""
    outside = Outside(config, provider_of(config), seconds)
    slowed = limiter.limit(WAYS)
    app.add_url_rule("/sign-in/oidc", "outside_go", slowed(outside.go))
    app.add_url_rule("/sign-in/oidc/back", "outside_back", slowed(outside.back))


def _secret_file(config: Config) -> str:
    assert config.oidc is not None, "these routes are there only with a provider"  # noqa: S101
    return config.oidc.client_secret_file


def _back() -> str:
    return url_for("outside_back", _external=True)


def _wrong(words: str, status: int) -> ResponseReturnValue:
    return _ended(make_response(render_template("control/sign_in.html", wrong=words), status))


def _ended(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax")
    return answer

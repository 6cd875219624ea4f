"""What the pages of a merchant's own people share: the session of its code, forms bound to it, and the way out."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hmi.language import say
from hmi.public.asking import plant
from hmi.public.forms import signature
from scada.bridge import Refused, Reply
from scada.config import Config
from scada.model.money import Fen, yuan_text

SHOP_COOKIE = "shop"
SHOP_PATH = "/shop"


def ask(verb: str, **args: object) -> Reply:
    """Ask the plant as whoever is signed in."""
    held = session_held()
    return plant().ask(verb, {"session": held, **args}) if held else Refused("signed_out", "Please sign in.")


def session_held() -> str:
    """Give the session of this browser; empty if it has none."""
    return request.cookies.get(SHOP_COOKIE, "")[:128]


def subject(session: str | None = None) -> str:
    """Bind a form to the session whose page it stands on."""
    whose = session_held() if session is None else session
    return "shop" + hashlib.sha256(whose.encode()).hexdigest()[:32]


def refused(reply: Reply, words: str, status: int) -> ResponseReturnValue:
    """Ask for the code again when the session has ended; else say what is wrong."""
    if isinstance(reply, Refused) and reply.code == "signed_out":
        answer, _ = sign_in_page(say("Please sign in again."), session="")
        return forgotten(make_response(answer, 401))
    return page("shop_words", words, status)


def forgotten(answer: Response) -> Response:
    """Let the browser forget its session."""
    answer.delete_cookie(SHOP_COOKIE, path=SHOP_PATH)
    return answer


def sign_in_page(words: str = "", status: int = 200, session: str | None = None) -> tuple[str, int]:
    """Ask for the code."""
    return page("shop_in", words, status, session)


def back() -> ResponseReturnValue:
    """Go on to the page of vouchers."""
    return redirect(url_for("shop.view", lang=request.args.get("lang")), 303)


def page(
    name: str, words: str, status: int, session: str | None = None, shown: Mapping[str, object] | None = None
) -> tuple[str, int]:
    """Make a page; its forms are bound to the session."""
    seal, chosen = signature(subject(session)), request.args.get("lang")
    body = render_template(
        f"public/{name}.html", site=config().site, token="", signature=seal, chosen=chosen, words=words, **(shown or {})
    )
    return body, status


def yuan(value: object) -> str:
    """Write money."""
    return yuan_text(Fen(value if isinstance(value, int) else 0))


def local(at: object) -> datetime:
    """Give a moment by the car park's clocks."""
    return datetime.fromisoformat(str(at)).astimezone(config().site.zone_info)


def config() -> Config:
    """Give the site's configuration."""
    found: Config = current_app.extensions["config"]
    return found

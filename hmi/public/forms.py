"""Forms of pages without a sign-in: each carries a signature that our own page for the same subject gave it."""

import hashlib

from flask import abort, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

FORM_LIFE_S = 3600


def signature(subject: str) -> str:
    """Sign a form of the page about this subject."""
    return _signer("form").dumps(subject)


def is_ours(subject: str) -> bool:
    """Say whether a form comes from our page for this subject, and was given not long ago."""
    return opened(request.form.get("csrf_token", ""), "form", FORM_LIFE_S) == subject


def check_form(subject: str) -> None:
    """Refuse a form that our page for this subject did not give, or long ago."""
    if not is_ours(subject):
        abort(400, "the page is too old: load it again")


def phone_subject(phone: str) -> str:
    """Name the page of one phone, by its cookie: a form that somebody else was given does nothing in its browser."""
    return f"me {hashlib.sha256(phone.encode()).hexdigest()}"


def sealed(value: object, purpose: str) -> str:
    """Sign a value that travels through a browser."""
    return _signer(purpose).dumps(value)


def opened(text: str, purpose: str, life_s: int) -> object:
    """Give a value that was signed for this purpose; None for a forged or an old one."""
    try:
        return _signer(purpose).loads(text, max_age=life_s)
    except BadSignature:
        return None


def _signer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=purpose)

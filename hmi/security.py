"""What every web application does the same way: its key, its headers, its limits, and whom it listens to."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request
from werkzeug.exceptions import SecurityError

from scada.config import WebApp

BODY_LIMIT = 2 * 1024 * 1024
FORM_LIMIT = 256 * 1024
PARTS_LIMIT = 50
_KEY_BYTES = 32
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # not no-referrer: under TLS the check of the CSRF token wants the referrer of our own pages
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def secret_key(path: Path) -> bytes:
    """Give the application's key, made at its first start; only the owner may read the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_key(path)
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(_KEY_BYTES)
        file.write(key)
    return key


def _kept_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES or path.stat().st_mode & 0o077:
        raise PermissionError(f"{path}: must hold {_KEY_BYTES} bytes that only its owner may read; remove it")
    return key


def harden(app: Flask, web: WebApp, key: bytes) -> None:
    """Give the application its key, limits and headers, and refuse foreign hosts and foreign pages."""
    app.config.update(
        SECRET_KEY=key,
        TRUSTED_HOSTS=list(web.host_names),
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=FORM_LIMIT,
        MAX_FORM_PARTS=PARTS_LIMIT,
    )
    app.before_request(_refuse_foreign_hosts)
    app.before_request(_refuse_foreign_pages)
    app.after_request(_add_headers)


def _refuse_foreign_hosts() -> Response | None:
    """Answer at once: without a host to trust no page and no address can be made."""
    if isinstance(request.routing_exception, SecurityError):
        return Response("unknown host", 400, mimetype="text/plain")
    return None


def _refuse_foreign_pages() -> None:
    if request.method not in _SAFE_METHODS and not comes_from_us(request):
        abort(403, "this request comes from another site")


def comes_from_us(asked: Request) -> bool:
    """Say whether a browser sent this from a page of ours; a client that is no browser says nothing of it."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = asked.headers.get("Origin")
    return origin is None or urlsplit(origin)[:2] == (asked.scheme, asked.host)


def _add_headers(answer: Response) -> Response:
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return answer

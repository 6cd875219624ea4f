"""Static files, served under a path that holds their hash, so that browsers keep them for ever."""

import hashlib
import mimetypes
from pathlib import Path

from flask import Flask, Response, abort, send_file, url_for

STATIC = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}
_SERVED = (*_TYPES, ".png", ".woff2", ".txt")


def find(rooms: tuple[str, ...]) -> dict[str, Path]:
    """List the files of some rooms of the static folder: name in the address -> file."""
    return {
        path.relative_to(STATIC).as_posix(): path
        for room in rooms
        for path in sorted((STATIC / room).rglob("*"))
        if path.is_file() and path.suffix in _SERVED and "build" not in path.relative_to(STATIC).parts
    }


def version_of(files: dict[str, Path]) -> str:
    """Hash names and contents, shortly."""
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def serve_assets(app: Flask, rooms: tuple[str, ...]) -> None:
    """Serve these rooms, nothing else, and give templates `asset(name)`."""
    files = find(rooms)
    version = version_of(files)

    def asset_file(hashed: str, name: str) -> Response:
        path = files.get(name)
        if path is None or hashed != version:
            abort(404)
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        answer = send_file(path, mimetype=kind, conditional=False)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer

    def asset(name: str) -> str:
        if name not in files:
            raise FileNotFoundError(f"no asset {name!r}")
        return url_for("asset_file", hashed=version, name=name)

    app.add_url_rule("/assets/<hashed>/<path:name>", "asset_file", asset_file)
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["assets"] = lambda: url_for("asset_file", hashed=version, name="")

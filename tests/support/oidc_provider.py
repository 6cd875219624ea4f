"""A small OpenID Connect provider on loopback: real keys, real signatures, PKCE and client secrets checked."""

import base64
import functools
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "daozha", "a secret of the client"


@dataclass
class OidcProvider:
    """The provider; `user` signs in at once, `twist` changes the claims of the next token, `says` its answers."""

    user: str = "chen"
    groups: list[str] = field(default_factory=lambda: ["parking-operators"])
    twist: dict[str, object] = field(default_factory=dict)
    is_broken: bool = False
    stranger: RSAKey | None = None
    """Signs instead of the provider's own key."""
    keys_asked: int = 0

    def __post_init__(self) -> None:
        """Make a key and take a port."""
        self.keys = [key_named("k1")]
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is gone."""
        self.keys = [key_named("k2")]

    def get(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, object] | str]:
        """Answer a GET: JSON, or where to go."""
        match path:
            case "/.well-known/openid-configuration":
                names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                return 200, {"issuer": self.issuer, **{name: f"{self.issuer}/{end}" for name, end in names.items()}}
            case "/keys":
                self.keys_asked += 1
                return 200, {"keys": [key.as_dict(private=False) for key in self.keys]}
            case "/authorize":
                code = secrets.token_urlsafe(16)
                self._codes[code] = asked
                return 302, f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            case _:
                return 404, {}

    def token(self, asked: dict[str, str], authorization: str) -> tuple[int, dict[str, object] | str]:
        """Give a token for a code, once, to the client that proves itself."""
        begun = self._codes.pop(asked.get("code", ""), None)
        given = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if begun is None or authorization != f"Basic {given}":
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if begun["code_challenge"] != proof or begun["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"id_token": self.signed(begun["nonce"]), "token_type": "Bearer"}

    def signed(self, nonce: str) -> str:
        """Sign an ID token."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.issuer, "aud": CLIENT, "sub": "7", "iat": now, "exp": now + 300, "nonce": nonce,
            "preferred_username": self.user, "groups": self.groups, **self.twist,
        }  # fmt: skip
        key = self.stranger or self.keys[0]
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid}, claims, key)


@functools.cache
def key_named(name: str) -> RSAKey:
    """Give a key; made once a process, because it is dear."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self._answer(*((500, {}) if provider.is_broken else provider.get(parts.path, asked)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.token(asked, self.headers.get("Authorization", "")))

        def _answer(self, status: int, content: dict[str, object] | str) -> None:
            body = b"" if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            if isinstance(content, str):
                self.send_header("Location", content)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler

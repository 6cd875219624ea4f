"""An OpenID Connect provider: where to send a browser, what to make of a code, and whether an ID token is believed.

The web process sends the browser there and fetches the token; the plant, which decides, checks it against the
provider's keys, and what it may become here. Every answer has a limit in time and size.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Final
from urllib.parse import urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from scada.clock import real_unix_seconds
from scada.config import Config
from scada.settings.identity import Oidc

_ALGORITHMS: Final = ["RS256", "PS256", "ES256"]
_LEEWAY_S: Final = 60.0
_MOST_BYTES: Final = 256 * 1024
_KEYS_AGAIN_S: Final = 30.0
"""So soon after the last time the keys are not fetched anew, whatever a token names."""
_KNOWN_S: Final = 3600.0
_LONGEST_SUB: Final = 255
"""OpenID Connect Core 1.0, section 2."""


class ProviderError(ValueError):
    """The provider did not answer, or with something else."""


class NotBelieved(ValueError):
    """A token that proves nothing, and why."""


@dataclass(frozen=True, slots=True)
class Going:
    """A browser on its way to the provider: what must come back, and what proves that it is the same browser."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Outsider:
    """Whom the provider vouches for, and the role that the groups give here.

    `subject` is who it is: the issuer and its own word for the person, which is never given to another one.
    """

    subject: str
    name: str
    role: str


class Provider:
    """One provider; safe from any thread. `seconds` is real Unix time."""

    def __init__(self, settings: Oidc, ca_file: str | None, seconds: Callable[[], float]) -> None:
        self._settings = settings
        self._verify: bool | str = ca_file or True
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: tuple[float, Mapping[str, object]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def going(self, back: str) -> Going:
        """Begin a sign-in. Raises ProviderError."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code", "client_id": self._settings.client_id, "redirect_uri": back, "state": state,
            "scope": self._settings.scopes, "nonce": nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return Going(f"{self._where('authorization_endpoint')}?{urlencode(asked)}", state, nonce, verifier)

    def id_token(self, code: str, verifier: str, back: str, secret: str) -> str:
        """Take the ID token for a code. Raises ProviderError."""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        answer = self._json("POST", self._where("token_endpoint"), data=asked, auth=(self._settings.client_id, secret))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("the provider gave no ID token")
        return token

    def believed(self, token: str, nonce: str) -> Outsider:
        """Check an ID token and say whom it is of. Raises NotBelieved or ProviderError."""
        claims = self._claims(token)
        self._check(claims, nonce)
        name = claims.get(self._settings.name_claim)
        if not isinstance(name, str) or not 1 <= len(name) <= 64 or not name.isprintable():
            raise NotBelieved(f"{self._settings.name_claim}: no name to go by")
        return Outsider(self._subject(claims), name, self._role(claims.get(self._settings.roles_claim)))

    def _subject(self, claims: Mapping[str, object]) -> str:
        own = claims.get("sub")
        if not isinstance(own, str) or not 1 <= len(own) <= _LONGEST_SUB or not own.isprintable():
            raise NotBelieved("sub: it does not say who it is")
        return f"{self._settings.issuer} {own}"

    def _claims(self, token: str) -> Mapping[str, object]:
        for is_again in (False, True):
            try:
                return jwt.decode(token, self._key_set(again=is_again), algorithms=_ALGORITHMS).claims
            except ProviderError:
                raise
            except (JoseError, ValueError) as error:  # ValueError: no key of that name, perhaps a new one
                if is_again:
                    raise NotBelieved("its signature is not the provider's") from error
        raise NotBelieved("its signature is not the provider's")

    def _check(self, claims: Mapping[str, object], nonce: str) -> None:
        now, audience, us = self._seconds(), claims.get("aud"), self._settings.client_id
        several = audience if isinstance(audience, list) else [audience]
        expires, issued = _seconds_in(claims.get("exp")), _seconds_in(claims.get("iat"))
        wrong = (
            (claims.get("iss") != self._settings.issuer, "it is another issuer's"),
            (us not in several, "it is for somebody else"),
            (len(several) > 1 and claims.get("azp") != us, "it was given to somebody else"),
            (expires is None or now > expires + _LEEWAY_S, "its time is over"),
            (issued is None or issued > now + _LEEWAY_S, "its time has not come"),
            (not nonce or claims.get("nonce") != nonce, "it belongs to another sign-in"),
        )
        for is_wrong, why in wrong:
            if is_wrong:
                raise NotBelieved(why)

    def _role(self, groups: object) -> str:
        held = groups if isinstance(groups, list) else [groups]
        for group, role in self._settings.roles.items():
            if group in held:
                return role
        raise NotBelieved("none of the groups has a role here")

    def _key_set(self, *, again: bool) -> KeySet:
        now = self._seconds()
        with self._lock:
            kept = self._keys
        if kept is not None and now - kept[0] < (_KEYS_AGAIN_S if again else _KNOWN_S):
            return kept[1]
        told = self._json("GET", self._where("jwks_uri"))
        try:
            keys = KeySet.import_key_set(dict(told))  # type: ignore[arg-type]
        except (JoseError, ValueError, LookupError, TypeError, AttributeError) as error:  # none is sure of their form
            raise ProviderError(f"the provider's keys: {error}") from error
        with self._lock:
            self._keys = (now, keys)
        return keys

    def _where(self, name: str) -> str:
        now = self._seconds()
        with self._lock:
            kept = self._known
        if kept is None or now - kept[0] > _KNOWN_S:
            told = self._json("GET", f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            if told.get("issuer") != self._settings.issuer:
                raise ProviderError(f"the provider says it is {str(told.get('issuer'))[:200]!r}")
            kept = (now, told)
            with self._lock:
                self._known = kept
        place = kept[1].get(name)
        if not isinstance(place, str) or not _is_safe(place):
            raise ProviderError(f"the provider names no {name} that may be used")
        return place

    def _json(self, method: str, url: str, **more: object) -> Mapping[str, object]:
        try:
            with requests.request(
                method,
                url,
                timeout=self._settings.within_s,
                verify=self._verify,
                stream=True,
                allow_redirects=False,
                **more,  # type: ignore[arg-type]
            ) as answer:
                status, body = answer.status_code, answer.raw.read(_MOST_BYTES + 1, decode_content=True)
            found = json.loads(body) if status == 200 and len(body) <= _MOST_BYTES else None
        except (requests.RequestException, OSError, ValueError, RecursionError) as error:
            raise ProviderError(f"{url}: {type(error).__name__}") from error
        if found is None:
            raise ProviderError(f"{url} answered {status}, {len(body)} bytes")
        if not isinstance(found, dict):
            raise ProviderError(f"{url}: no JSON object")
        return found


def _seconds_in(claim: object) -> float | None:
    """Take a time of a token; None for what is none: not even JSON's numbers all are."""
    try:
        seconds = float(claim) if isinstance(claim, int | float) and not isinstance(claim, bool) else nan
    except OverflowError:
        return None
    return seconds if isfinite(seconds) else None


def _is_safe(url: str) -> bool:
    """Say whether nobody on the way can listen: TLS, or this machine itself."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
    except ValueError:
        return False


def provider_of(config: Config) -> Provider:
    """Build the provider of a site that has one."""
    assert config.oidc is not None, "asked for only where there is one"  # noqa: S101
    ca_file = config.oidc.ca_file
    return Provider(config.oidc, None if ca_file is None else str(config.secret(ca_file)), real_unix_seconds)

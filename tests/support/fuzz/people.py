"""What an identity provider and a directory say: tokens, claims, keys, and LDAP's answers in BER."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey
from ldap3 import NONE, SIMPLE, Connection, Server  # type: ignore[import-untyped]

from scada.settings.identity import Ldap, Oidc
from scada.store.people.directory import Directory, _Link
from scada.store.people.elsewhere import DirectoryError, NotAdmitted
from scada.store.people.oidc import NotBelieved, Provider, ProviderError
from tests.support.fuzz.change import by_json, plain
from tests.support.fuzz.target import Prepared, Target

NOW = 1_772_503_200.0
ISSUER = "https://sso.example"
CLAIMS = {
    "iss": ISSUER, "sub": "u1", "aud": "daozha", "exp": NOW + 60, "iat": NOW, "nonce": "n",
    "preferred_username": "wang",
    "groups": ["parking"],
}  # fmt: skip
BELIEVED = (NotBelieved, ProviderError)


class _Offline(Provider):
    """A provider whose answers are given, in the bytes of which they would be made."""

    def __init__(self, keys: object) -> None:
        told = {"issuer": ISSUER, "client_id": "daozha", "client_secret_file": "x", "roles": {"parking": "operator"}}
        super().__init__(Oidc.model_validate(told), None, lambda: NOW)
        self.keys = keys

    def _json(self, method: str, url: str, **more: object) -> Mapping[str, object]:
        found = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"} if url.endswith("configuration") else self.keys
        if not isinstance(found, dict):
            raise ProviderError(f"{url}: no JSON object")
        return found


def _key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"})


def _signed(key: ECKey, claims: object) -> str:
    return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, key)  # type: ignore[arg-type]


def _tokens(_folder: Path) -> Prepared:
    key = _key()
    provider = _Offline({"keys": [key.as_dict(private=False)]})
    seeds = [_signed(key, CLAIMS).encode(), b"eyJhbGciOiJub25lIn0.e30.", b"eyJhbGciOiJIUzI1NiJ9.e30.AAAA"]
    words = (b".", b"eyJhbGciOiJub25lIn0", b"eyJraWQiOiJrOSJ9", b"=", b"eyJhbGciOiJSUzI1NiIsImp3ayI6e319", b"e30")
    return Prepared(lambda data: provider.believed(data.decode("utf-8", "replace"), "n").role, seeds, BELIEVED, words)


def _claims(_folder: Path) -> Prepared:
    key = _key()
    provider = _Offline({"keys": [key.as_dict(private=False)]})

    def take(data: bytes) -> object:
        claims = json.loads(data)
        if not isinstance(claims, dict):
            return None
        try:
            token = _signed(key, claims)
        except (ValueError, TypeError, RecursionError):
            return "cannot be signed"
        return provider.believed(token, "n").role

    return Prepared(take, [json.dumps(CLAIMS).encode()], (*BELIEVED, json.JSONDecodeError), manners=(by_json,))


def _keys(_folder: Path) -> Prepared:
    key = _key()
    token, keys = _signed(key, CLAIMS), {"keys": [key.as_dict(private=False)]}

    def take(data: bytes) -> object:
        return _Offline(json.loads(data)).believed(token, "n").role

    return Prepared(take, [json.dumps(keys).encode()], (*BELIEVED, json.JSONDecodeError), manners=(by_json,))


def _ber(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = bytes((len(body),)) if len(body) < 128 else b"\x82" + len(body).to_bytes(2)
    return bytes((tag,)) + size + body


def _message(number: int, operation: bytes) -> bytes:
    return _ber(0x30, _ber(2, bytes((number,))), operation)


def _result(tag: int, code: int = 0) -> bytes:
    return _ber(tag, _ber(10, bytes((code,))), _ber(4), _ber(4))


def _entry(name: str, **attributes: str) -> bytes:
    told = [_ber(0x30, _ber(4, key.encode()), _ber(0x31, _ber(4, value.encode()))) for key, value in attributes.items()]
    return _ber(0x64, _ber(4, name.encode()), _ber(0x30, *told))


class _Fed(Directory):
    """A directory that has said already all that it will say."""

    said = b""

    def _opened(self, user: str, password: str) -> _Link:
        server = Server("127.0.0.1", 389, get_info=NONE)
        connection = Connection(
            server, user=user or None, password=password or None, authentication=SIMPLE, auto_referrals=False,
            receive_timeout=1, read_only=True, check_names=False, raise_exceptions=False,
        )  # fmt: skip
        ours, theirs = socket.socketpair()
        theirs.sendall(self.said)
        theirs.shutdown(socket.SHUT_WR)
        self.theirs = theirs

        def opened(**_more: object) -> None:
            connection.socket, connection.closed, connection.listening = ours, False, True
            connection.strategy._outstanding, connection.strategy._responses = {}, {}

        connection.open = opened
        return _Link(connection, starts_tls=False)


def _answers(_folder: Path) -> Prepared:
    told = {
        "url": "ldaps://127.0.0.1", "user": "uid={name},ou=people,dc=example", "groups_base": "ou=groups,dc=example",
        "roles": {"parking": "operator"}, "id_attribute": "entryUUID",
    }  # fmt: skip
    directory = _Fed(Ldap.model_validate(told), None)
    person = _entry("uid=wang,ou=people,dc=example", uid="wang", entryUUID="1-2", memberOf="cn=parking,dc=example")
    group = _entry("cn=parking,ou=groups,dc=example", cn="parking")
    refers = _ber(0x73, _ber(4, b"ldap://elsewhere/dc=example"))
    whole = [_result(0x61), person, _result(0x65), group, refers, _result(0x65)]
    numbers = (1, 2, 2, 3, 3, 3)
    seeds = [b"".join(_message(number, one) for number, one in zip(numbers, whole, strict=True))]
    seeds += [_message(1, _result(0x61, 49)), _message(1, _result(0x61)), _message(0, _result(0x78))]

    def take(data: bytes) -> object:
        directory.said = data[:32_768]
        try:
            entry = directory.enter("wang", "secret word")
        finally:
            directory.theirs.close()
        return None if entry is None else entry.role

    words = (
        b"\x30\x84\xff\xff\xff\xff",
        b"\x02\x01\x02",
        b"\x64",
        b"\x65",
        b"\x04\x82\xff\xff",
        b"\x30\x80",
        b"\xa3\x00",
    )
    return Prepared(take, seeds, (DirectoryError, NotAdmitted), words, (plain,))


TARGETS = (
    Target("oidc-token", "an ID token", _tokens),
    Target("oidc-claims", "the claims of a token that is signed as it must be", _claims),
    Target("oidc-keys", "the keys that a provider publishes", _keys),
    Target("ldap-answer", "what a directory answers to bind and search", _answers),
)

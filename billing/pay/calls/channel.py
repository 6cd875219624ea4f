"""The seam to WeChat Pay: one signed request and its verified answer, sorted into the outcomes that exist."""

import json
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar

from billing.pay.gateway import Refused, Unknown

T = TypeVar("T")

MOST_SHOWN: Final = 200
NOT_DONE: Final = frozenset(
    {
        "PARAM_ERROR",
        "INVALID_REQUEST",
        "APPID_MCHID_NOT_MATCH",
        "MCH_NOT_EXISTS",
        "ORDER_CLOSED",
        "ORDER_PAID",
        "SIGN_ERROR",
        "NO_AUTH",
        "OUT_TRADE_NO_USED",
        "RULE_LIMIT",
        "TRADE_ERROR",
        "NOT_ENOUGH",
        "ACCOUNT_ERROR",
        "USER_ACCOUNT_ABNORMAL",
        "ORDER_NOT_EXIST",
        "RESOURCE_NOT_EXISTS",
        "NO_STATEMENT_EXIST",
        "STATEMENT_CREATING",
        "FREQUENCY_LIMITED",
        "AUTH_CODE_ERROR",
        "AUTH_CODE_EXPIRED",
        "AUTH_CODE_INVALID",
    }
)
"""Codes of a 4xx that mean: nothing was done. Any other leaves it open."""
_SPELLINGS: Final = {
    "ORDERPAID": "ORDER_PAID",
    "ORDERCLOSED": "ORDER_CLOSED",
    "ORDERNOTEXIST": "ORDER_NOT_EXIST",
    "NOTENOUGH": "NOT_ENOUGH",
    "SYSTEMERROR": "SYSTEM_ERROR",
    "RULELIMIT": "RULE_LIMIT",
    "RESOURCE_NOT_EXIST": "RESOURCE_NOT_EXISTS",
    "AUTHCODEEXPIRE": "AUTH_CODE_EXPIRED",
}
_PRIVATE: Final = frozenset({"openid", "sp_openid", "sub_openid", "auth_code", "plate_number", "payer_client_ip"})

Answer = dict[str, object] | Refused | Unknown
"""A verified answer's fields; none of them after a 204."""


class Channel(Protocol):
    """Signed requests to WeChat Pay; every call blocks, within limits. `what` is how a failure is told of."""

    def get(self, what: str, path: str, private: Mapping[str, object] | None = None) -> Answer:
        """Ask. `private` are parameters that stay out of every message."""

    def post(self, what: str, path: str, body: Mapping[str, object]) -> Answer:
        """Ask for something to be done."""

    def fetch(self, what: str, url: str) -> bytes | Refused | Unknown:
        """Fetch a file that WeChat does not sign; its hash must be checked."""

    def sign(self, *lines: str) -> str:
        """Sign lines with the merchant's key, as a pay sheet wants them."""


def sort(what: str, status: int, text: str | bytes, sent: Mapping[str, object]) -> Answer:
    """Sort an answer by its status and its code; a 202 only says that it was heard."""
    if status == 204:
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return Unknown(f"{what}: HTTP {status} without JSON")
    if not isinstance(content, dict):
        return Unknown(f"{what}: HTTP {status}, JSON but no object")
    if status == 200:
        return content
    code = _plain(content.get("code"))
    code = _SPELLINGS.get(code, code)
    if 400 <= status < 500 and code in NOT_DONE:
        return Refused(code, _without(sent, str(content.get("message", ""))[:MOST_SHOWN]))
    return Unknown(f"{what}: HTTP {status} {_without(sent, code)}")


def read(what: str, answer: Answer, reader: Callable[[dict[str, object]], T]) -> T | Refused | Unknown:
    """Read a verified answer; one that is not what was asked for proves nothing."""
    if not isinstance(answer, dict):
        return answer
    try:
        return reader(answer)
    except ValueError as error:
        return Unknown(f"{what}: {error}")


def _plain(code: object) -> str:
    return code[:64] if isinstance(code, str) else ""


def _without(sent: Mapping[str, object], text: str) -> str:
    """Take what is private in a request out of WeChat's words about it: they go into logs and the journal."""
    for secret in _private_values(sent):
        text = text.replace(secret, "…")
    return text


def _private_values(fields: Mapping[str, object]) -> list[str]:
    found = []
    for name, value in fields.items():
        if isinstance(value, Mapping):
            found += _private_values(value)
        elif name in _PRIVATE and isinstance(value, str) and value:
            found.append(value)
    return found

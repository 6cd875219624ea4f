"""The gateway to WeChat Pay: the only way to `wechatpayv3`, with typed outcomes and strict verification.

The library is used as it comes. What it lacks (`wechatpay.md` §1) is added in `GatewayCore`: our own
base URL, the five-minute window, serials that are looked at before they cost a request, and
certificates that are swapped, never emptied. Everything here blocks; call it from a thread.
"""

import copy
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from wechatpayv3 import WeChatPay, WeChatPayType, core  # type: ignore[import-untyped]

from billing.pay.gateway import Closed, CodeUrl, NotVerified, Refused, Unknown, gather_marks, header_fault
from billing.pay.keys import Keys
from billing.settle import Notice, Transaction
from scada.clock import real_unix_seconds
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.ports import BillingError

TIMEOUT_S: Final = (3.05, 10)
"""To connect, and to answer."""
MAX_BODY_BYTES: Final = 65_536
CERTIFICATES_EVERY_S: Final = 60.0
POOL_SIZE: Final = 32
NOT_DONE: Final = range(400, 500)
_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
_SPELLINGS: Final = {
    "ORDERPAID": "ORDER_PAID",
    "ORDERNOTEXIST": "ORDER_NOT_EXIST",
    "NOTENOUGH": "NOT_ENOUGH",
    "SYSTEMERROR": "SYSTEM_ERROR",
    "RULELIMIT": "RULE_LIMIT",
    "ORDERCLOSED": "ORDER_CLOSED",
}


class GatewayCore(core.Core):  # type: ignore[misc]
    """The library's core with the gaps of its verification closed."""

    def __init__(self, base_url: str, **settings: object) -> None:
        self._base_url = base_url
        self._fetching = threading.Lock()
        self._fetched_s = float("-inf")
        self._certificates: list[object] = []
        super().__init__(**settings)

    @property
    def _gate_way(self) -> str:
        return self._base_url

    @_gate_way.setter
    def _gate_way(self, _fixed_in_the_library: str) -> None:
        """Keep ours: the library's constructor sets the real service's address."""

    def _verify_signature(self, headers: Mapping[str, str], body: str) -> bool:
        marks = gather_marks(headers)
        if header_fault(marks, str(self._public_key_id), real_unix_seconds()):
            return False
        return bool(super()._verify_signature(marks, body))

    def _update_certificates(self) -> None:
        """Fetch at most once a minute, into a copy: a forged serial must not empty the list of good ones."""
        with self._fetching:
            if time.monotonic() - self._fetched_s < CERTIFICATES_EVERY_S:
                return
            self._fetched_s = time.monotonic()
        scratch = copy.copy(self)
        scratch._certificates = []
        try:
            core.Core._update_certificates(scratch)
        except (requests.RequestException, ValueError, TypeError, AttributeError):
            return
        if scratch._certificates:
            self._certificates = scratch._certificates


_lock = threading.Lock()


def _pool_connections() -> None:
    """Give the library one pooled session for the whole process; it would connect anew for every call."""
    with _lock:
        if isinstance(core.requests, requests.Session):
            return
        session = requests.Session()
        session.trust_env = False
        adapter = HTTPAdapter(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE, max_retries=0)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        core.requests = session


class WeChatGateway:
    """One merchant at WeChat Pay. Only typed outcomes leave it."""

    def __init__(self, keys: Keys, *, mchid: str, appid: str, notify_url: str, base_url: str) -> None:
        self.mchid = mchid
        self.appid = appid
        _pool_connections()
        settings = {
            "mchid": mchid,
            "cert_serial_no": keys.merchant_serial,
            "private_key": keys.private_key,
            "apiv3_key": keys.apiv3_key,
            "timeout": TIMEOUT_S,
            "public_key": keys.public_key,
            "public_key_id": keys.public_key_id,
        }
        self._pay = WeChatPay(WeChatPayType.NATIVE, appid=appid, notify_url=notify_url, **settings)
        self._pay._core = GatewayCore(base_url, **settings)
        self._public_key_id = keys.public_key_id

    def create(self, order: OrderId, description: str, amount: Fen, time_expire: str) -> CodeUrl | Refused | Unknown:
        """Order a Native payment. The same number with the same parameters gives the same order again."""
        text = _BEYOND_BMP.sub("", description)[:120]
        answer = self._ask(
            f"order {order}",
            lambda: self._pay.pay(
                description=text,
                out_trade_no=order,
                amount={"total": int(amount), "currency": "CNY"},
                time_expire=time_expire,
            ),
        )
        if not isinstance(answer, dict):
            return answer
        code_url = answer.get("code_url")
        return CodeUrl(code_url) if isinstance(code_url, str) and code_url else Unknown("an answer without code_url")

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        """Ask what became of an order."""
        answer = self._ask(f"query {order}", lambda: self._pay.query(out_trade_no=order))
        if not isinstance(answer, dict):
            return answer
        try:
            transaction = read_transaction(answer)
        except ValueError as error:
            return Unknown(f"query {order}: {error}")
        if transaction.out_trade_no != order or transaction.mchid != self.mchid:
            return Unknown(f"query {order}: an answer about {transaction.out_trade_no} of {transaction.mchid}")
        return transaction

    def close(self, order: OrderId) -> Closed | Refused | Unknown:
        """Close an order, so that it can no longer be paid."""
        answer = self._ask(f"close {order}", lambda: self._pay.close(order))
        return Closed() if isinstance(answer, dict) else answer

    def verified(self, headers: Mapping[str, str], body: bytes) -> Notice | NotVerified:
        """Verify and decrypt a notice; the raw body must be what came over the wire."""
        if len(body) > MAX_BODY_BYTES:
            return NotVerified("the body is too long")
        fault = header_fault(gather_marks(headers), self._public_key_id, real_unix_seconds())
        if fault:
            return NotVerified(fault)
        try:
            message = self._pay.callback(gather_marks(headers), body)
        except Exception as error:  # noqa: BLE001 - the library raises bare Exception; nothing it raises is proof
            return NotVerified(f"unreadable: {error}")
        if not isinstance(message, dict):
            return NotVerified("the signature or the encryption does not hold")
        try:
            return _read_notice(message)
        except ValueError as error:
            return NotVerified(f"signed, but {error}")

    def _ask(self, what: str, call: Callable[[], tuple[int, str | bytes]]) -> dict[str, object] | Refused | Unknown:
        try:
            status, text = call()
        except requests.RequestException as error:
            return Unknown(f"{what}: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - a bad signature on a 2xx is a bare Exception; it took effect
            return Unknown(f"{what}: {error}")
        return _sort(what, status, text)


def _sort(what: str, status: int, text: str | bytes) -> dict[str, object] | Refused | Unknown:
    """Sort an answer by its status alone; a 202 only says that it was heard."""
    if status == 204:
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        return Unknown(f"{what}: HTTP {status} without JSON")
    if not isinstance(content, dict):
        return Unknown(f"{what}: HTTP {status}, JSON but no object")
    code = str(content.get("code", ""))
    if status in NOT_DONE and code:
        return Refused(_SPELLINGS.get(code, code), str(content.get("message", "")))
    return content if status == 200 else Unknown(f"{what}: HTTP {status} {code}")


def read_transaction(fields: Mapping[str, object]) -> Transaction:
    """Read WeChat's transaction. Raises ValueError if it is not one."""
    amount = fields.get("amount") or {}
    if not isinstance(amount, dict):
        raise ValueError("amount is no object")
    total = amount.get("total", 0)
    if isinstance(total, bool) or not isinstance(total, int):
        raise ValueError(f"amount.total is {total!r}")
    success_time = fields.get("success_time")
    return Transaction(
        mchid=str(fields.get("mchid", "")),
        appid=str(fields.get("appid", "")),
        out_trade_no=OrderId(str(fields.get("out_trade_no", ""))),
        trade_state=str(fields.get("trade_state", "")),
        transaction_id=str(fields.get("transaction_id", "")),
        amount_fen=Fen(total),
        currency=str(amount.get("currency", "CNY")),
        paid_at=_moment(str(success_time)) if success_time else None,
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"success_time {text} has no zone")
    return moment


def _read_notice(message: Mapping[str, object]) -> Notice:
    resource = message.get("resource")
    name = message.get("id")
    if not isinstance(resource, dict) or not isinstance(name, str) or not 0 < len(name) <= 64:
        raise ValueError("without an id or a resource")
    return Notice(name, str(message.get("event_type", ""))[:64], read_transaction(resource))


def build(keys: Keys, *, mchid: str, appid: str, notify_url: str, base_url: str) -> WeChatGateway:
    """Build the gateway. Raises BillingError if the library refuses the keys."""
    try:
        return WeChatGateway(keys, mchid=mchid, appid=appid, notify_url=notify_url, base_url=base_url)
    except Exception as error:  # the library raises bare Exception
        raise BillingError(f"set up WeChat Pay for merchant {mchid}: {error}") from error

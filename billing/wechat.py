"""The gateway to WeChat Pay: the only way to `wechatpayv3`, with typed outcomes and strict verification.

The library signs, sends, verifies and decrypts. What it lacks (`wechatpay.md` §1) is added in `GatewayCore`: our own
base URL, the five-minute window, serials that are looked at before they cost a request, certificates that are swapped,
never emptied, and a second APIv3 key. Its wrappers of single calls are not used: they cannot say "0", and some sign
another text than they send. Everything here blocks; call it from a thread.
"""

import copy
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Final, Self, assert_never
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
from cryptography.x509 import Certificate
from requests.adapters import HTTPAdapter
from wechatpayv3 import core  # type: ignore[import-untyped]
from wechatpayv3.type import RequestType  # type: ignore[import-untyped]

from billing.orders.ways import BY_CODE, Offer, Way
from billing.pay.calls.account import Account
from billing.pay.calls.bills import BillCalls
from billing.pay.calls.channel import Answer, sort
from billing.pay.calls.orders import OrderCalls
from billing.pay.calls.parking import ParkingCalls
from billing.pay.calls.refunds import RefundCalls
from billing.pay.calls.tidings import read_notice
from billing.pay.gateway import Closed, Notice, NotVerified, Offered, Refund, Refused, Unknown
from billing.pay.keys import Keys, read_keys
from billing.pay.marks import Nonces, gather_marks, header_fault
from billing.settle import Transaction
from scada.clock import real_unix_seconds
from scada.config import Config
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.ports import BillingError

TIMEOUT_S: Final = (3.05, 10)
"""To connect, and to answer."""
MAX_BODY_BYTES: Final = 65_536
CERTIFICATES_EVERY_S: Final = 60.0
CERTIFICATES_LIVE_S: Final = 11 * 3600.0
"""WeChat wants them fetched anew within 12 hours."""
POOL_SIZE: Final = 32


class GatewayCore(core.Core):  # type: ignore[misc]
    """The library's core with the gaps of its verification closed."""

    def __init__(self, base_url: str, other_apiv3_key: str, **settings: object) -> None:
        self._base_url = base_url
        self._other_apiv3_key = other_apiv3_key
        self._fetching = threading.Lock()
        self._fetched_s = float("-inf")
        self._certificates: list[Certificate] = []
        super().__init__(**settings)

    @property
    def _gate_way(self) -> str:
        return self._base_url

    @_gate_way.setter
    def _gate_way(self, _fixed_in_the_library: str) -> None:
        """Keep ours: the library's constructor sets the real service's address."""

    def _init_certificates(self) -> None:
        """Fetch them if WeChat answers; a site without its line to WeChat still starts, and fetches them later."""
        self._update_certificates()

    def _verify_signature(self, headers: Mapping[str, str], body: str) -> bool:
        marks = gather_marks(headers)
        if header_fault(marks, self._public_key_id, real_unix_seconds()):
            return False
        if marks["Wechatpay-Serial"] != self._public_key_id:
            self._renew()
        return bool(super()._verify_signature(marks, body))

    def decrypt_callback(self, headers: Mapping[str, str], body: str | bytes) -> str | None:
        """Decrypt under the key in use, then under the other one: both are good while WeChat changes over."""
        found: str | None = super().decrypt_callback(headers, body)
        if found is None and self._other_apiv3_key:
            other = copy.copy(self)
            other._apiv3_key = self._other_apiv3_key
            found = core.Core.decrypt_callback(other, headers, body)
        return found

    def _renew(self) -> None:
        """Drop certificates that are out of date, and fetch them anew when they have been here for long."""
        now = datetime.now(UTC)
        self._certificates = [one for one in self._certificates if one.not_valid_after_utc > now]
        if time.monotonic() - self._fetched_s > CERTIFICATES_LIVE_S:
            self._update_certificates()

    def _update_certificates(self) -> None:
        """Fetch at most once a minute, into a copy: a forged serial must not empty the list of good ones."""
        with self._fetching:
            if time.monotonic() - self._fetched_s < CERTIFICATES_EVERY_S:
                return
            self._fetched_s = time.monotonic()
        for apiv3_key in filter(None, (self._apiv3_key, self._other_apiv3_key)):
            found = self._certificates_under(apiv3_key)
            if found:
                self._certificates = found
                return

    def _certificates_under(self, apiv3_key: str) -> list[Certificate]:
        """Fetch the certificates that are sealed with a key; none if WeChat does not answer, or seals with another."""
        scratch = copy.copy(self)
        scratch._certificates, scratch._apiv3_key = [], apiv3_key
        try:
            core.Core._update_certificates(scratch)
        except (requests.RequestException, ValueError, TypeError, AttributeError):
            return []
        return scratch._certificates


class _Pool(requests.Session):
    """One pool of connections for the process: no proxy from the environment, no cookies, no following elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE, max_retries=0)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nowhere; a 3xx is an answer like any other that proves nothing."""


def _tells_no_address(record: logging.LogRecord) -> bool:
    """Keep urllib3's lines on requests out of every log: plates and payers' ids stand in addresses."""
    return record.levelno >= logging.WARNING and "/" not in record.getMessage()


_lock = threading.Lock()


def _pool_connections() -> None:
    """Give the library one pooled session for the whole process; it would connect anew for every call."""
    with _lock:
        if isinstance(core.requests, requests.Session):
            return
        logging.getLogger("urllib3.connectionpool").addFilter(_tells_no_address)
        core.requests = _Pool()


class LibraryChannel:
    """Signed requests and verified answers by the library; implements `billing.pay.calls.channel.Channel`."""

    def __init__(self, keys: Keys, account: Account, base_url: str) -> None:
        _pool_connections()
        self._base_url = base_url
        self._public_key_id = keys.platform.id if keys.platform else None
        self._nonces = Nonces()
        self._core = GatewayCore(
            base_url,
            keys.other_apiv3_key,
            mchid=account.mchid,
            cert_serial_no=keys.merchant_serial,
            private_key=keys.private_key,
            apiv3_key=keys.apiv3_key,
            timeout=TIMEOUT_S,
            public_key=keys.platform.pem if keys.platform else None,
            public_key_id=self._public_key_id,
        )

    def get(self, what: str, path: str, private: Mapping[str, object] | None = None) -> Answer:
        """Ask."""
        return self._ask(what, lambda: self._core.request(path), private or {})

    def post(self, what: str, path: str, body: Mapping[str, object]) -> Answer:
        """Ask for something to be done."""
        return self._ask(what, lambda: self._core.request(path, method=RequestType.POST, data=dict(body)), body)

    def fetch(self, what: str, url: str) -> bytes | Refused | Unknown:
        """Fetch a file from WeChat's own host; anywhere else the signed request would be given away."""
        if not url.startswith(f"{self._base_url}/"):
            return Unknown(f"{what}: the file lies at {urlsplit(url).hostname}")
        path = url.removeprefix(self._base_url)
        try:
            status, content = self._core.request(path, skip_verify=True)
        except requests.RequestException as error:
            return Unknown(f"{what}: {type(error).__name__}")
        if status == 200:
            return content if isinstance(content, bytes) else str(content).encode()
        answer = sort(what, status, content, {})
        return answer if isinstance(answer, Refused | Unknown) else Unknown(f"{what}: HTTP {status}")

    def sign(self, *lines: str) -> str:
        """Sign lines with the merchant's key."""
        return str(self._core.sign(list(lines)))

    def verified(self, headers: Mapping[str, str], body: bytes) -> dict[str, object] | NotVerified:
        """Verify and decrypt a message; the raw body must be what came over the wire."""
        if len(body) > MAX_BODY_BYTES:
            return NotVerified("the body is too long")
        marks = gather_marks(headers)
        fault = header_fault(marks, self._public_key_id, real_unix_seconds())
        if fault:
            return NotVerified(fault)
        try:
            message = self._core.callback(marks, body)
        except Exception as error:  # noqa: BLE001 - the library raises bare Exception; nothing it raises is proof
            return NotVerified(f"unreadable: {type(error).__name__}")
        if not isinstance(message, dict):
            return NotVerified("the signature or the encryption does not hold")
        if not self._nonces.is_new(marks, real_unix_seconds()):
            return NotVerified("the same message again")
        return message

    def _ask(self, what: str, call: Callable[[], tuple[int, str | bytes]], sent: Mapping[str, object]) -> Answer:
        try:
            status, text = call()
        except requests.RequestException as error:
            return Unknown(f"{what}: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - a bad signature on a 2xx is a bare Exception; it took effect
            return Unknown(f"{what}: not verified: {type(error).__name__}")
        return sort(what, status, text, sent)


@dataclass(frozen=True, slots=True)
class NotifyUrls:
    """Where WeChat brings its notices, by kind: they must never be mistaken for one another."""

    pay: str
    refund: str
    parking: str

    @classmethod
    def beside(cls, pay: str) -> Self:
        """Put the others beside the one for payments: `/wechat/notice/pay`, `/refund`, `/parking`."""
        base = pay.rsplit("/", 1)[0]
        return cls(pay, f"{base}/refund", f"{base}/parking")


class WeChatGateway:
    """One merchant at WeChat Pay. Only typed outcomes leave it."""

    def __init__(self, keys: Keys, account: Account, urls: NotifyUrls, zone: ZoneInfo, base_url: str) -> None:
        self.account = account
        self._channel = LibraryChannel(keys, account, base_url)
        self.orders = OrderCalls(self._channel, account, urls.pay)
        self.refunds = RefundCalls(self._channel, account, urls.refund)
        self.parking = ParkingCalls(self._channel, account, urls.parking, zone)
        self.bills = BillCalls(self._channel, account, zone)

    def create(
        self, order: OrderId, description: str, amount: Fen, time_expire: str, offer: Offer = BY_CODE
    ) -> Offered | Refused | Unknown:
        """Order a payment by its way. The same number with the same parameters gives the same order again."""
        match offer.way:
            case Way.QR:
                return self.orders.native(order, description, amount, time_expire)
            case Way.JSAPI:
                return self.orders.jsapi(order, description, amount, time_expire, offer.payer)
            case Way.H5:
                return self.orders.h5(order, description, amount, time_expire, offer.payer)
            case _:
                assert_never(offer.way)

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        """Ask what became of an order."""
        return self.orders.query(order)

    def close(self, order: OrderId) -> Closed | Refused | Unknown:
        """Close an order, so that it can no longer be paid."""
        return self.orders.close(order)

    def query_refund(self, out_refund_no: str) -> Refund | Refused | Unknown:
        """Ask what became of a refund."""
        return self.refunds.query(out_refund_no)

    def verified(self, headers: Mapping[str, str], body: bytes) -> Notice | NotVerified:
        """Verify, decrypt and read a notice; the raw body must be what came over the wire."""
        message = self._channel.verified(headers, body)
        if isinstance(message, NotVerified):
            return message
        try:
            return read_notice(message, self.account)
        except ValueError as error:
            return NotVerified(f"signed, but {error}")


def build(keys: Keys, account: Account, notify_url: str, zone: ZoneInfo, base_url: str) -> WeChatGateway:
    """Build the gateway. Raises BillingError if the library refuses the keys."""
    try:
        return WeChatGateway(keys, account, NotifyUrls.beside(notify_url), zone, base_url)
    except Exception as error:  # the library raises bare Exception
        raise BillingError(f"set up WeChat Pay for merchant {account.mchid}: {error}") from error


def gateway_of(config: Config) -> WeChatGateway:
    """Build the gateway of a site. Raises BillingError if its keys are not there, or not what they should be."""
    names = config.wechat
    account = Account(names.mchid, names.appid, names.sub_mchid, names.sub_appid)
    return build(read_keys(config), account, names.notify_url, config.site.zone_info, names.base_url)

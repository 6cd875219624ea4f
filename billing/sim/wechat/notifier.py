"""The platform's notices: sent at once and then on WeChat's schedule until they are answered well, or badly on demand.

One order's notice keeps its id and body; timestamp, nonce and signature are new each time.
"""

import base64
import copy
import heapq
import http.client
import itertools
import json
import threading
import urllib.error
import urllib.request
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from billing.sim.wechat.book import BEIJING, Order, transaction
from billing.sim.wechat.crypto import sealed, signed_headers
from billing.sim.wechat.keys import Platform
from scada.clock import SystemClock, real_unix_seconds

RETRY_S: Final = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""WeChat's waits between attempts, in its own time: a fast clock shortens them."""
ANSWER_WITHIN_S: Final = 5.0
OLD_S: Final = 86_400
SENDERS: Final = 4


class Manner(Enum):
    """How a notice is sent. A wrong one goes out once; the genuine one follows on the schedule."""

    GENUINE = "genuine"
    BAD_SIGNATURE = "bad_signature"
    SIGNTEST = "signtest"
    OTHER_AMOUNT = "other_amount"
    UNKNOWN_ORDER = "unknown_order"
    OTHER_MERCHANT = "other_merchant"
    REPLAY = "replay"
    DUPLICATE = "duplicate"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Message:
    """A notice as it goes over the wire, but for its signature."""

    url: str
    body: bytes


@dataclass(order=True, slots=True)
class _Due:
    at_s: float
    n: int
    message: Message = field(compare=False)
    attempt: int = field(compare=False)


Judge = Callable[..., None]


class Notifier:
    """Sends notices from threads of its own. `note` writes the judge log."""

    def __init__(self, platform: Platform, clock: SystemClock, note: Judge) -> None:
        self._platform = platform
        self._clock = clock
        self._note = note
        self._manners: deque[Manner] = deque()
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="notices")
        self._timer = threading.Thread(target=self._run, name="notice schedule", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._timer.start()

    def stop(self) -> None:
        """Stop; nothing more is sent."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._timer.join()
        self._senders.shutdown(wait=True, cancel_futures=True)

    def plan(self, manner: Manner, times: int) -> None:
        """Send the next notices in this manner."""
        self._manners.extend([manner] * times)

    def paid(self, order: Order) -> None:
        """Tell the merchant of a payment."""
        manner = self._manners.popleft() if self._manners else Manner.GENUINE
        message = self._message(order)
        if manner is Manner.DROP:
            self._note("notice", number=order.number, manner=manner.value)
            return
        if manner in (Manner.GENUINE, Manner.DUPLICATE):
            for _ in range(2 if manner is Manner.DUPLICATE else 1):
                self._schedule(message, 0, 0.0)
            return
        self._senders.submit(self.send_wrong, order, manner)
        self._schedule(message, 1, RETRY_S[0])

    def send_wrong(self, order: Order, manner: Manner) -> int:
        """Send one wrong notice about an order, paid or not; gives the answer's status, 0 for none."""
        if order.paid_at is None:
            order = copy.copy(order)
            order.state, order.paid_at, order.openid = "SUCCESS", self._clock.now(), "forger"
            order.transaction_id = f"42{uuid.uuid4().int % 10**26:026d}"
        fields = transaction(order) | _falsified(order, manner)
        return self._post(self._message(order, fields), manner)

    def _message(self, order: Order, fields: dict[str, object] | None = None) -> Message:
        body = {
            "id": str(uuid.uuid4()),
            "create_time": datetime.now(BEIJING).isoformat(timespec="seconds"),
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": sealed(self._platform.apiv3_key, fields or transaction(order), "transaction"),
        }
        return Message(order.notify_url, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())

    def _schedule(self, message: Message, attempt: int, wait_s: float) -> None:
        with self._changed:
            at_s = self._clock.seconds() + wait_s / self._clock.speed
            heapq.heappush(self._due, _Due(at_s, next(self._numbers), message, attempt))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                wait_s = self._due[0].at_s - self._clock.seconds() if self._due else None
                if not self._stopping and (wait_s is None or wait_s > 0):
                    self._changed.wait(wait_s)
                if self._stopping:
                    return
                now_s = self._clock.seconds()
                ready = []
                while self._due and self._due[0].at_s <= now_s:
                    ready.append(heapq.heappop(self._due))
            for due in ready:
                self._senders.submit(self._attempt, due.message, due.attempt)

    def _attempt(self, message: Message, attempt: int) -> None:
        status = self._post(message, Manner.GENUINE)
        if not 200 <= status < 300 and attempt < len(RETRY_S):
            self._schedule(message, attempt + 1, RETRY_S[attempt])

    def _post(self, message: Message, manner: Manner) -> int:
        now_s = real_unix_seconds() - (OLD_S if manner is Manner.REPLAY else 0)
        headers = signed_headers(self._platform.key, self._platform.key_id, message.body, now_s)
        if manner is Manner.BAD_SIGNATURE:
            headers["Wechatpay-Signature"] = base64.b64encode(b"\x01" * 256).decode()
        if manner is Manner.SIGNTEST:
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
        headers["Content-Type"] = "application/json"
        request = urllib.request.Request(message.url, message.body, headers)  # noqa: S310 - the book takes http only
        try:
            with self._opener.open(request, timeout=ANSWER_WITHIN_S) as answer:
                status = int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, http.client.HTTPException):
            status = 0
        self._note("notice", url=message.url, manner=manner.value, status=status)
        return status


def _falsified(order: Order, manner: Manner) -> dict[str, object]:
    if manner is Manner.OTHER_AMOUNT:
        return {"amount": {"total": order.total + 1, "payer_total": order.total + 1, "currency": "CNY"}}
    if manner is Manner.UNKNOWN_ORDER:
        return {"out_trade_no": f"XX{uuid.uuid4().hex[:24].upper()}"}
    if manner is Manner.OTHER_MERCHANT:
        return {"mchid": "1900000001"}
    return {}

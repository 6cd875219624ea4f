"""The platform's notices: sent at once and then on WeChat's schedule until they are answered well, or badly on demand.

A notice keeps its id and body; timestamp, nonce and signature are new each time. The schedule runs in business time.
"""

import base64
import heapq
import http.client
import itertools
import json
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from billing.sim.wechat.books.safe import Safe
from billing.sim.wechat.clock import PlatformClock, written
from billing.sim.wechat.crypto import sealed, signed_headers
from billing.sim.wechat.facts import Switchboard
from billing.sim.wechat.keys import Identity, Platform

RETRY_S: Final = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""WeChat's waits between attempts."""
LIMITS_S: Final = {"5s": 5.0, "3s": 3.0}
OLD_S: Final = 86_400
SENDERS: Final = 4
_SUMMARIES: Final = {"TRANSACTION.SUCCESS": "支付成功", "REFUND.SUCCESS": "退款成功"}


class Manner(Enum):
    """How a notice is sent. A wrong one goes out once; the genuine one follows on the schedule."""

    GENUINE = "genuine"
    BAD_SIGNATURE = "bad_signature"
    SIGNTEST = "signtest"
    WRONG_SERIAL = "wrong_serial"
    ALTERED = "altered"
    OTHER_AMOUNT = "other_amount"
    UNKNOWN_ORDER = "unknown_order"
    OTHER_MERCHANT = "other_merchant"
    OTHER_APP = "other_app"
    REPLAY = "replay"
    DUPLICATE = "duplicate"
    DELAYED = "delayed"
    SWAPPED = "swapped"
    DROP = "drop"


class Signer(Enum):
    """Which of the platform's identities signs notices; while a merchant changes over, both do."""

    PUBLIC_KEY = "public_key"
    CERTIFICATE = "certificate"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Word:
    """What a notice tells, and where."""

    url: str
    event: str
    content: Mapping[str, object]
    original_type: str


@dataclass(frozen=True, slots=True)
class Message:
    """A notice as it goes over the wire, but for its signature."""

    url: str
    body: bytes


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    n: int
    message: Message = field(compare=False)
    attempt: int = field(compare=False)

    @property
    def name(self) -> str:
        """Its name in the safe."""
        return str(self.n)


Judge = Callable[..., None]


class Notifier:
    """Sends notices from threads of its own, also those that an earlier process owed. `note` writes the judge log."""

    def __init__(
        self, platform: Platform, clock: PlatformClock, switchboard: Switchboard, note: Judge, safe: Safe
    ) -> None:
        self._platform = platform
        self._clock = clock
        self._switchboard = switchboard
        self._note = note
        self._manners: list[tuple[Manner, str]] = []
        self._held: list[Message] = []
        self._safe = safe
        self._due = list(safe.all("notice", _Due).values())
        heapq.heapify(self._due)
        self._numbers = itertools.count(1 + max((due.n for due in self._due), default=-1))
        self._on_their_way = 0
        self._changed = threading.Condition()
        self._stopping = False
        self.signer = Signer.PUBLIC_KEY
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="notices")
        self._timer = threading.Thread(target=self._run, name="notice schedule", daemon=True)
        clock.on_move(self._wake)

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

    def plan(self, manner: Manner, event: str, times: int) -> None:
        """Send the next notices in this manner: those of an event, or all."""
        with self._changed:
            self._manners.extend([(manner, event)] * times)

    def waiting(self) -> int:
        """Say how many attempts are still to come."""
        with self._changed:
            return len(self._due)

    def forget(self) -> None:
        """Send nothing of what is still to come."""
        with self._changed:
            for due in self._due:
                self._safe.drop("notice", due.name)
            self._due.clear()
            self._held.clear()

    def schedule(self) -> tuple[bool, datetime | None]:
        """Say whether a notice is on its way now, and when the next one is due."""
        with self._changed:
            return self._on_their_way > 0, self._due[0].at if self._due else None

    def clear(self) -> None:
        """Send everything well again."""
        with self._changed:
            self._manners.clear()

    def tell(self, word: Word) -> None:
        """Tell the merchant something, in the manner that is planned for it."""
        if not word.url:
            return
        manner = self._take(word.event)
        message = self._message(word)
        if manner is Manner.DROP:
            self._note("notice", url=word.url, event=word.event, manner=manner.value)
        elif manner is Manner.SWAPPED:
            self._held.append(message)
        elif manner in (Manner.GENUINE, Manner.DUPLICATE):
            for _ in range(2 if manner is Manner.DUPLICATE else 1):
                self._schedule(message, 0, 0.0)
            while self._held:
                self._schedule(self._held.pop(), 0, 1.0)
        else:
            if manner is not Manner.DELAYED:
                self._send(self.send_wrong, word, manner)
            self._schedule(message, 1, RETRY_S[0])

    def send_wrong(self, word: Word, manner: Manner) -> int:
        """Send one wrong notice; gives the answer's status, 0 for none."""
        falsified = Word(word.url, word.event, {**word.content, **_falsified(word, manner)}, word.original_type)
        return self._post(self._message(falsified), manner)

    def _take(self, event: str) -> Manner:
        with self._changed:
            for planned in self._manners:
                if planned[1] in ("", event):
                    self._manners.remove(planned)
                    return planned[0]
        return Manner.GENUINE

    def _message(self, word: Word) -> Message:
        signs = int(self._switchboard.facts.gcm_nonce)
        body = {
            "id": str(uuid.uuid4()),
            "create_time": written(self._clock.now()),
            "resource_type": "encrypt-resource",
            "event_type": word.event,
            "summary": _SUMMARIES.get(word.event, word.event),
            "resource": sealed(self._platform.apiv3_key, word.content, word.original_type, signs),
        }
        return Message(word.url, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())

    def _schedule(self, message: Message, attempt: int, wait_s: float) -> None:
        with self._changed:
            at = self._clock.now() + timedelta(seconds=wait_s)
            due = _Due(at, next(self._numbers), message, attempt)
            self._safe.keep("notice", due.name, due)
            heapq.heappush(self._due, due)
            self._changed.notify()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                wait_s = self._wait_s()
                if not self._stopping and (wait_s is None or wait_s > 0):
                    self._changed.wait(wait_s)
                if self._stopping:
                    return
                now = self._clock.now()
                ready = []
                while self._due and self._due[0].at <= now:
                    ready.append(heapq.heappop(self._due))
                self._on_their_way += len(ready)
            for due in ready:
                self._senders.submit(self._sent, self._attempt, due)

    def _send(self, work: Callable[..., object], *arguments: object) -> None:
        with self._changed:
            self._on_their_way += 1
        self._senders.submit(self._sent, work, *arguments)

    def _sent(self, work: Callable[..., object], *arguments: object) -> None:
        try:
            work(*arguments)
        finally:
            with self._changed:
                self._on_their_way -= 1

    def _wait_s(self) -> float | None:
        if not self._due:
            return None
        return (self._due[0].at - self._clock.now()).total_seconds() / self._clock.speed

    def _attempt(self, due: _Due) -> None:
        status = self._post(due.message, Manner.GENUINE)
        if status not in (200, 204) and due.attempt < len(RETRY_S):
            self._schedule(due.message, due.attempt + 1, RETRY_S[due.attempt])
        self._safe.drop("notice", due.name)

    def _post(self, message: Message, manner: Manner) -> int:
        body = _tampered(message.body) if manner is Manner.ALTERED else message.body
        headers = {**self._marks(body, manner), "Content-Type": "application/json"}
        request = urllib.request.Request(message.url, body, headers)  # noqa: S310 - the book takes http only
        try:
            with self._opener.open(request, timeout=LIMITS_S[self._switchboard.facts.answer_within]) as answer:
                status = int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, http.client.HTTPException):
            status = 0
        self._note("notice", url=message.url, manner=manner.value, status=status)
        return status

    def _marks(self, body: bytes, manner: Manner) -> dict[str, str]:
        now_s = self._clock.signing_s() - (OLD_S if manner is Manner.REPLAY else 0)
        identity = self._identity()
        headers = signed_headers(identity.key, identity.serial, body, now_s)
        if manner is Manner.BAD_SIGNATURE:
            headers["Wechatpay-Signature"] = base64.b64encode(b"\x01" * 256).decode()
        if manner is Manner.SIGNTEST:
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
        if manner is Manner.WRONG_SERIAL:
            headers["Wechatpay-Serial"] = "7" * 40
        if self._switchboard.facts.signature_type == "left_out":
            del headers["Wechatpay-Signature-Type"]
        return headers

    def _identity(self) -> Identity:
        """While both sign, they take turns."""
        is_turn = self.signer is Signer.BOTH and next(self._numbers) % 2 == 0
        by_key = self.signer is Signer.PUBLIC_KEY or is_turn
        return self._platform.identity(self._platform.key_id if by_key else None)


def _tampered(body: bytes) -> bytes:
    """Change one sign of the encrypted resource; the signature is made anew, so that only its own seal shows it."""
    message = json.loads(body)
    text = message["resource"]["ciphertext"]
    message["resource"]["ciphertext"] = ("B" if text[0] == "A" else "A") + text[1:]
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _falsified(word: Word, manner: Manner) -> dict[str, object]:
    amount = word.content.get("amount")
    if manner is Manner.OTHER_AMOUNT and isinstance(amount, dict):
        return {"amount": {**amount, "total": amount["total"] + 1, "payer_total": amount["total"] + 1}}
    if manner is Manner.UNKNOWN_ORDER:
        return {"out_trade_no": f"XX{uuid.uuid4().hex[:24].upper()}"}
    if manner is Manner.OTHER_MERCHANT:
        return {"mchid": "1900000001"}
    if manner is Manner.OTHER_APP:
        return {"appid": "wxother0000000001"}
    return {}

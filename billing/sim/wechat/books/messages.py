"""Template messages of the official account, as they stand on its followers' phones; and its access tokens."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from billing.sim.wechat.books.visitors import WRONG_APPID, WRONG_SECRET
from billing.sim.wechat.clock import PlatformClock

TOKEN_LIFE: Final = timedelta(hours=2)
WRONG_TOKEN: Final = (40001, "invalid credential, access_token is invalid or not latest")
OLD_TOKEN: Final = (42001, "access_token expired")
NO_OPENID: Final = (40003, "invalid openid")
NO_TEMPLATE: Final = (40037, "invalid template_id")
NOT_FOLLOWING: Final = (43004, "require subscribe")
BAD_DATA: Final = (47003, "argument invalid")
TEMPLATES: Final = frozenset({"SIM_FEE", "SIM_PAID", "SIM_CARD"})
ONCE_FOR: Final = timedelta(minutes=10)
"""So long a message is known by its `client_msg_id`: what comes again with it is taken and not sent."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message on a phone."""

    openid: str
    template: str
    url: str
    data: dict[str, str]
    at: datetime
    once: str = ""


@dataclass
class Messages:
    """The messages of one account. For use from many threads; `strangers` do not follow it."""

    appid: str
    secret: str = field(repr=False)
    clock: PlatformClock
    strangers: set[str] = field(default_factory=set)
    sent: list[Message] = field(default_factory=list)
    _token: tuple[str, datetime] = ("", datetime.min.replace(tzinfo=UTC))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, appid: str, secret: str) -> tuple[str, int] | tuple[int, str]:
        """Give the access token and its life in seconds, the same until it ends; or WeChat's error."""
        if appid != self.appid:
            return WRONG_APPID
        if not secrets.compare_digest(secret.encode(), self.secret.encode()):
            return WRONG_SECRET
        with self._lock:
            now = self.clock.now()
            if not self._token[0] or now >= self._token[1]:
                self._token = secrets.token_hex(64), now + TOKEN_LIFE
            return self._token[0], int((self._token[1] - now).total_seconds())

    def end_token(self) -> None:
        """Let the token be none any more, as when somebody has asked for another."""
        with self._lock:
            self._token = secrets.token_hex(64), self.clock.now() + TOKEN_LIFE

    def send(self, token: str, fields: dict[str, object]) -> Message | tuple[int, str]:
        """Take a message; or give WeChat's error."""
        with self._lock:
            known, until = self._token
        if not known or not secrets.compare_digest(token.encode(), known.encode()):
            return WRONG_TOKEN
        if self.clock.now() >= until:
            return OLD_TOKEN
        openid, template, data = fields.get("touser"), fields.get("template_id"), fields.get("data")
        if not isinstance(openid, str) or not openid:
            return NO_OPENID
        if openid in self.strangers:
            return NOT_FOLLOWING
        if template not in TEMPLATES:
            return NO_TEMPLATE
        if not isinstance(data, dict) or not all(isinstance(one, dict) and "value" in one for one in data.values()):
            return BAD_DATA
        told = {str(name): str(one["value"]) for name, one in data.items()}
        once, now = str(fields.get("client_msg_id", "")), self.clock.now()
        message = Message(openid, str(template), str(fields.get("url", "")), told, now, once)
        with self._lock:
            if not any(_is_same(one, message) for one in self.sent):
                self.sent.append(message)
        return message

    def of(self, openid: str) -> list[Message]:
        """Give what stands on a phone, the newest first."""
        with self._lock:
            return [one for one in reversed(self.sent) if one.openid == openid]


def _is_same(old: Message, new: Message) -> bool:
    return bool(new.once) and (old.openid, old.once) == (new.openid, new.once) and new.at - old.at < ONCE_FOR

"""Who visits a page: codes of the sign-in by WeChat, each good once and for five minutes."""

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing.sim.wechat.clock import PlatformClock

CODE_LIFE: Final = timedelta(minutes=5)
WRONG_APPID: Final = (40013, "invalid appid")
WRONG_SECRET: Final = (40125, "invalid appsecret")
WRONG_CODE: Final = (40029, "invalid code")
USED_CODE: Final = (40163, "code been used")


@dataclass(slots=True)
class _Code:
    openid: str
    until: datetime
    used: bool = False


class Visitors:
    """The codes of one application. For use from many threads."""

    def __init__(self, appid: str, secret: str, clock: PlatformClock) -> None:
        self.appid = appid
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}

    def code(self, openid: str) -> str:
        """Give a code for a visitor."""
        code = secrets.token_hex(16)
        with self._lock:
            self._codes[code] = _Code(openid, self._clock.now() + CODE_LIFE)
        return code

    def openid(self, appid: str, secret: str, code: str) -> str | tuple[int, str]:
        """Give whose code it is, once; or WeChat's error."""
        if appid != self.appid:
            return WRONG_APPID
        if not secrets.compare_digest(secret.encode(), self._secret.encode()):
            return WRONG_SECRET
        with self._lock:
            known = self._codes.get(code)
            if known is None or self._clock.now() > known.until:
                return WRONG_CODE
            if known.used:
                return USED_CODE
            known.used = True
            return known.openid

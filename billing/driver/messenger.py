"""Who speaks to phones as the official account: keeps its token, and sends template messages one at a time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from billing.pay.gateway import Refused, Unknown
from billing.pay.web import TOKEN_OVER, AccessToken, Pushed, WeChatWeb
from scada.clock import Clock

TOKEN_MARGIN_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message surely was not sent: no token was to be had."""

    why: Refused | Unknown


Told = Pushed | Unsent


class Messenger:
    """The official account's voice; `web` None: there is none."""

    def __init__(self, clock: Clock, web: WeChatWeb | None) -> None:
        self._clock = clock
        self._web = web
        self._token: tuple[AccessToken, float] | None = None

    @property
    def speaks(self) -> bool:
        """Whether there is an official account."""
        return self._web is not None

    async def tell(self, openid: str, template: str, url: str, fields: Mapping[str, str], once: str = "") -> Told:
        """Push once; only a token that had ended is made anew, since then nothing was sent.

        WeChat sends what comes twice with the same `once` within ten minutes only once.
        """
        outcome = await self._push(openid, template, url, fields, once)
        if isinstance(outcome, Refused) and outcome.code in TOKEN_OVER:
            self._token = None
            outcome = await self._push(openid, template, url, fields, once)
        return outcome

    async def _push(self, openid: str, template: str, url: str, fields: Mapping[str, str], once: str) -> Told:
        if self._web is None:
            return Unsent(Unknown("no official account"))
        token = await self._fresh_token(self._web)
        if not isinstance(token, AccessToken):
            return Unsent(token)
        return await asyncio.to_thread(self._web.push, token, openid, template, url, fields, once)

    async def _fresh_token(self, web: WeChatWeb) -> AccessToken | Refused | Unknown:
        now_s = self._clock.seconds()
        if self._token is not None and now_s < self._token[1]:
            return self._token[0]
        found = await asyncio.to_thread(web.access_token)
        if isinstance(found, AccessToken):
            self._token = found, now_s + max(0.0, found.life_s - TOKEN_MARGIN_S)
        return found


def became(outcome: Told) -> tuple[str, str]:
    """Say in a word what became of a message, and what WeChat said."""
    match outcome.why if isinstance(outcome, Unsent) else outcome:
        case None:
            return "SENT", ""
        case Refused(code=code):
            return "REFUSED", code
        case Unknown(why=why):
            return "UNKNOWN", why

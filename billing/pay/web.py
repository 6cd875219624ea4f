"""The official account's own service (api.weixin.qq.com): who opens our page inside WeChat. Every call blocks.

It knows no signatures: the application's secret travels in the request, so that it is spoken to over TLS only, and
nothing of a request stands in an error.
"""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from billing.pay.gateway import Refused, Unknown

CONNECT_S: Final = 5.0
ANSWER_MOST: Final = 65536
CODE_MOST: Final = 128


@dataclass(frozen=True, slots=True)
class Openid:
    """Who a visitor of our pages is to our official account."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The official account's word for a while."""

    value: str = field(repr=False)
    life_s: float


Pushed = Refused | Unknown | None
"""What became of a message: None if WeChat took it."""
TOKEN_OVER: Final = frozenset({"40001", "40014", "42001"})
"""The token is none any more: a new one is needed."""


@dataclass(frozen=True, slots=True)
class WeChatWeb:
    """One official account."""

    appid: str
    secret: str = field(repr=False)
    oauth_url: str
    api_url: str

    def sign_in_url(self, back: str, state: str) -> str:
        """Give the address to which a page inside WeChat sends its visitor; he comes back to `back` with a code."""
        asked = {
            "appid": self.appid,
            "redirect_uri": back,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self.oauth_url}/connect/oauth2/authorize?{urlencode(asked)}#wechat_redirect"

    def openid(self, code: str) -> Openid | Refused | Unknown:
        """Say whose code this is: each is good once, for five minutes."""
        asked = {"appid": self.appid, "secret": self.secret, "code": code, "grant_type": "authorization_code"}
        answer = self._send("GET", f"/sns/oauth2/access_token?{urlencode(asked)}")
        if isinstance(answer, Unknown):
            return answer
        if error := answer.get("errcode"):
            return Refused(str(error), str(answer.get("errmsg", ""))[:100])
        openid = answer.get("openid")
        if not isinstance(openid, str) or not 0 < len(openid) <= CODE_MOST:
            return Unknown("an answer without an openid")
        return Openid(openid)

    def access_token(self) -> AccessToken | Refused | Unknown:
        """Give the token with which the official account speaks; WeChat gives the same one until it nearly ends."""
        asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        answer = self._send("POST", "/cgi-bin/stable_token", asked)
        if isinstance(answer, Unknown):
            return answer
        token, life_s = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(life_s, int):
            return Refused(str(answer.get("errcode", "")), str(answer.get("errmsg", ""))[:100])
        return AccessToken(token, float(life_s))

    def push(
        self, token: AccessToken, openid: str, template: str, url: str, fields: Mapping[str, str], once: str = ""
    ) -> Pushed:
        """Push a template message to a follower of the official account: it may have come, whatever the answer.

        It may be repeated with the same `once` for ten minutes: WeChat sends it once.
        """
        data = {name: {"value": value} for name, value in fields.items()}
        body: dict[str, object] = {"touser": openid, "template_id": template, "url": url, "data": data}
        body |= {"client_msg_id": once} if once else {}
        answer = self._send("POST", f"/cgi-bin/message/template/send?{urlencode({'access_token': token.value})}", body)
        if isinstance(answer, Unknown):
            return answer
        code = answer.get("errcode")
        return None if code == 0 else Refused(str(code), str(answer.get("errmsg", ""))[:100])

    def _send(
        self, method: str, target: str, content: Mapping[str, object] | None = None
    ) -> Mapping[str, object] | Unknown:
        parts = urlsplit(self.api_url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(str(parts.hostname), parts.port, timeout=CONNECT_S)
        try:
            body = None if content is None else json.dumps(content, ensure_ascii=False).encode()
            connection.request(method, target, body, {"Accept": "application/json", "Content-Type": "application/json"})
            answer = connection.getresponse()
            found = json.loads(answer.read(ANSWER_MOST)) if answer.status == http.client.OK else None
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            return Unknown(type(error).__name__)
        finally:
            connection.close()
        return found if isinstance(found, dict) else Unknown("no JSON object came back")

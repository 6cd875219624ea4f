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
        answer = self._get(f"/sns/oauth2/access_token?{urlencode(asked)}")
        if isinstance(answer, Unknown):
            return answer
        if error := answer.get("errcode"):
            return Refused(str(error), str(answer.get("errmsg", ""))[:100])
        openid = answer.get("openid")
        if not isinstance(openid, str) or not 0 < len(openid) <= CODE_MOST:
            return Unknown("an answer without an openid")
        return Openid(openid)

    def _get(self, target: str) -> Mapping[str, object] | Unknown:
        parts = urlsplit(self.api_url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(str(parts.hostname), parts.port, timeout=CONNECT_S)
        try:
            connection.request("GET", target, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            content = json.loads(answer.read(ANSWER_MOST)) if answer.status == http.client.OK else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Unknown(type(error).__name__)
        finally:
            connection.close()
        return content if isinstance(content, dict) else Unknown("no JSON object came back")

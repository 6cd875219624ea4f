"""WeChat's notices: headers and body go to the plant as they came; the plant alone can tell whether they are true."""

import base64
import sys

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from hmi.public.asking import plant
from scada.bridge import Value

notice = Blueprint("notice", __name__)

BODY_LIMIT = 64 * 1024
"""No more than this and one byte is read, whatever its length is said to be; then the plant refuses it, in writing."""
HEADER_LIMIT = 1024
_WITHIN_S = 4.0
"""WeChat wants an answer within 5 s."""
_KEPT = ("Content-Type", "Request-Id")
_FAILED = '{"code":"FAIL","message":"try again"}'


@notice.post("/wechat/notice/<any(pay, refund, parking):_kind>")
def take(_kind: str) -> ResponseReturnValue:
    """Pass the notice on; what the plant did not answer for, WeChat must send again."""
    request.max_content_length = sys.maxsize
    headers: dict[str, object] = {
        name: value[:HEADER_LIMIT]
        for name, value in request.headers
        if name in _KEPT or name.lower().startswith("wechatpay-")
    }
    body = base64.b64encode(request.stream.read(BODY_LIMIT + 1)).decode()
    match plant().ask("notice", {"headers": headers, "body_b64": body}, within_s=_WITHIN_S):
        case Value({"status": int() as status, "body": str() as text}):
            return Response(text, status, mimetype="application/json")
        case _:
            return Response(_FAILED, 503, mimetype="application/json")

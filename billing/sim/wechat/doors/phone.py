"""A driver's phone: the page for a code, the pay sheet that checks who signed it, a code for scanners, and sign-in."""

import json
import secrets
from collections.abc import Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import parse_qsl, urlencode

from billing.sim.wechat.crypto import verifies
from billing.sim.wechat.doors.pages import inbox_page, order_page, outcome_page
from billing.sim.wechat.doors.wire import ANYWHERE, Answer, Call, Route, json_answer, page, route

SHEET_PARTS: Final = ("appId", "timeStamp", "nonceStr", "package")
PREPAY: Final = "prepay_id="
COOKIE: Final = "openid"
_BRIDGE: Final = """window.WeixinJSBridge = {invoke: (name, values, told) => fetch("%s/phone/sheet", {
  method: "POST", headers: {"Content-Type": "application/json"},
  body: JSON.stringify({...values, openid: "%s", choice: window.simulatedChoice || "pay"})})
  .then((answer) => answer.json())
  .then((answer) => told({err_msg: "get_brand_wcpay_request:" + answer.result}))};
document.dispatchEvent(new Event("WeixinJSBridgeReady"));
"""


def _shown(call: Call) -> Answer:
    code = call.query.get("code_url", "")
    combined = call.wechat.combined.by_code(code)
    order = combined.head if combined is not None else call.wechat.orders.by_code(code)
    if order is None:
        return page(outcome_page("unknown"), 404)
    return page(order_page(order, call.wechat.merchant_name))


def _h5(call: Call) -> Answer:
    """Show the page of a payment in a browser; it must come from the merchant's own page."""
    if not call.headers.get("Referer"):
        return page(outcome_page("no_referer"), 403)
    order = call.wechat.orders.by_code(call.query.get("prepay_id", ""))
    if order is None or order.trade_type != "MWEB":
        return page(outcome_page("unknown"), 404)
    return page(order_page(order, call.wechat.merchant_name))


def _paid(call: Call) -> Answer:
    if call.headers.get("Content-Type", "").startswith("application/json"):
        return json_answer(200, {"result": pay(call, call.text("code_url"), call.text("openid"))})
    form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    return page(outcome_page(pay(call, form.get("code_url", ""), form.get("openid", ""))))


def pay(call: Call, code: str, openid: str) -> str:
    """Pay what a code leads to; gives what the phone says."""
    if call.wechat.combined.by_code(code) is not None:
        return _pay_all(call, code, openid[:128])
    outcome, order = call.wechat.orders.pay(code, openid[:128])
    call.wechat.judge.note("payment", outcome=outcome, number=order.number if order else None)
    if outcome == "ok" and order is not None:
        call.wechat.paid(order)
    return outcome


def _pay_all(call: Call, code: str, openid: str) -> str:
    outcome, combined = call.wechat.combined.pay(code, openid)
    call.wechat.judge.note("payment", outcome=outcome, number=combined.number if combined else None)
    if outcome == "ok" and combined is not None:
        call.wechat.all_paid(combined)
    return outcome


def _sheet(call: Call) -> Answer:
    """Show a pay sheet as WeChat's app does: only if the merchant signed it, for an order that is there."""
    fields = call.fields
    result = "fail"
    if _is_signed(call, fields):
        result = "cancel"
        if call.text("choice", "pay") == "pay":
            code = str(fields["package"]).removeprefix(PREPAY)
            outcome = pay(call, code, call.text("openid"))
            result = "ok" if outcome == "ok" else "fail"
    call.wechat.judge.note("sheet", result=result)
    return Answer(200, json.dumps({"result": result}).encode(), headers=ANYWHERE)


def _is_signed(call: Call, fields: Mapping[str, object]) -> bool:
    parts = [fields.get(name) for name in SHEET_PARTS]
    if not all(isinstance(part, str) and part for part in parts) or fields.get("signType") != "RSA":
        return False
    if fields["appId"] != call.wechat.platform.appid or not str(fields["package"]).startswith(PREPAY):
        return False
    text = "".join(f"{part}\n" for part in parts).encode()
    return verifies(call.wechat.platform.caller.key, call.text("paySign"), text)


def _allowed(_call: Call) -> Answer:
    return Answer(204, headers=ANYWHERE)


def _bridge(call: Call) -> Answer:
    return Answer(200, (_BRIDGE % (call.base, _visitor(call))).encode(), "text/javascript")


def _code(call: Call) -> Answer:
    return json_answer(200, {"auth_code": call.wechat.wallets.show_code(call.text("openid", "phone"))})


def _password(call: Call) -> Answer:
    pays = call.text("outcome", "ok") == "ok"
    order = call.wechat.orders.confirm(call.text("out_trade_no"), pays=pays)
    call.wechat.judge.note("password", number=call.text("out_trade_no"), paid=order is not None and pays)
    return Answer(404 if order is None else 204)


def _authorize(call: Call) -> Answer:
    """Send a visitor back to the merchant's page with a code, without a question (snsapi_base)."""
    query = call.query
    is_asked = query.get("response_type") == "code" and query.get("scope") == "snsapi_base"
    if query.get("appid") != call.wechat.platform.appid or not is_asked or not query.get("redirect_uri"):
        return page("<h1>参数错误 · Wrong parameters</h1>", 400)
    openid = _visitor(call)
    back = {"code": call.wechat.visitors.code(openid), "state": query.get("state", "")}
    target = query["redirect_uri"]
    where = f"{target}{'&' if '?' in target else '?'}{urlencode(back)}"
    return Answer(302, headers={"Location": where, "Set-Cookie": f"{COOKIE}={openid}; Path=/"})


def _visitor(call: Call) -> str:
    """Give whose phone it is: as its cookie says, or a new one."""
    morsel = SimpleCookie(call.headers.get("Cookie", "")).get(COOKIE)
    is_good = morsel is not None and morsel.value.replace("-", "").replace("_", "").isalnum()
    return morsel.value if morsel is not None and is_good else f"o{secrets.token_hex(13)}"


def _access_token(call: Call) -> Answer:
    query = call.query
    if query.get("grant_type") != "authorization_code":
        return json_answer(200, {"errcode": 40002, "errmsg": "invalid grant_type"})
    found = call.wechat.visitors.openid(query.get("appid", ""), query.get("secret", ""), query.get("code", ""))
    if isinstance(found, tuple):
        return json_answer(200, {"errcode": found[0], "errmsg": found[1]})
    token = {"access_token": secrets.token_hex(32), "expires_in": 7200, "refresh_token": secrets.token_hex(32)}
    return json_answer(200, token | {"openid": found, "scope": "snsapi_base"})


def _stable_token(call: Call) -> Answer:
    fields = call.fields
    if fields.get("grant_type") != "client_credential":
        return json_answer(200, {"errcode": 40002, "errmsg": "invalid grant_type"})
    first, second = call.wechat.messages.token(str(fields.get("appid", "")), str(fields.get("secret", "")))
    if isinstance(first, int):
        return json_answer(200, {"errcode": first, "errmsg": second})
    return json_answer(200, {"access_token": first, "expires_in": second})


def _template(call: Call) -> Answer:
    """Take a template message of the official account."""
    taken = call.wechat.messages.send(call.query.get("access_token", ""), call.fields)
    if isinstance(taken, tuple):
        return json_answer(200, {"errcode": taken[0], "errmsg": taken[1]})
    call.wechat.judge.note("message", template=taken.template)
    return json_answer(200, {"errcode": 0, "errmsg": "ok", "msgid": len(call.wechat.messages.sent)})


def _inbox(call: Call) -> Answer:
    """Show the messages on a phone."""
    found = call.wechat.messages.of(call.query.get("openid", "") or _visitor(call))
    if "application/json" in call.headers.get("Accept", ""):
        told = [{"template": one.template, "url": one.url, "data": one.data} for one in found]
        return json_answer(200, {"messages": told})
    return page(inbox_page([(one.url, one.data) for one in found]))


ROUTES: Final[Sequence[Route]] = (
    route("GET", "/phone", _shown),
    route("POST", "/phone/pay", _paid),
    route("OPTIONS", "/phone/sheet", _allowed),
    route("POST", "/phone/sheet", _sheet),
    route("GET", "/phone/bridge.js", _bridge),
    route("POST", "/phone/code", _code),
    route("POST", "/phone/password", _password),
    route("GET", "/cgi-bin/mmpayweb-bin/checkmweb", _h5),
    route("GET", "/connect/oauth2/authorize", _authorize),
    route("GET", "/sns/oauth2/access_token", _access_token),
    route("POST", "/cgi-bin/stable_token", _stable_token),
    route("POST", "/cgi-bin/message/template/send", _template),
    route("GET", "/phone/messages", _inbox),
)

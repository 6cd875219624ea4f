"""The merchant's API: what a genuine request is answered."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from urllib.parse import unquote

from cryptography.hazmat.primitives.serialization import Encoding

from billing.sim.wechat.books.bills import BillFile
from billing.sim.wechat.books.combined import combined_answer
from billing.sim.wechat.books.orders import Order, transaction
from billing.sim.wechat.books.parking import Deduction, Entry, deduction_answer, entry_answer
from billing.sim.wechat.books.refunds import Refund, refund_answer
from billing.sim.wechat.clock import written
from billing.sim.wechat.crypto import Caller, Fault, sealed_text
from billing.sim.wechat.doors.wire import Answer, Call, Route, done, json_answer, refused, route
from billing.sim.wechat.keys import Certified

WRONG_MERCHANT: Final = Fault(400, "PARAM_ERROR", "商户号有误")
NO_SUCH_REFUND: Final = Fault(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
NOT_ABNORMAL: Final = Fault(400, "INVALID_REQUEST", "退款单状态不是退款异常")
NO_SUCH_ORDER: Final = Fault(404, "ORDER_NOT_EXIST", "订单不存在")
NO_CERTIFICATES: Final = Fault(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")


def _ordered(call: Call, partner: str | None, kind: str) -> Answer:
    trade_type = {"native": "NATIVE", "jsapi": "JSAPI", "h5": "MWEB"}[kind]
    made = call.wechat.orders.order(call.fields, trade_type, partner=bool(partner))
    if isinstance(made, Fault):
        return refused(call, made)
    if kind == "native":
        return done({"code_url": made.code_url})
    if kind == "jsapi":
        return done({"prepay_id": made.prepay_id})
    where = f"{call.base}/cgi-bin/mmpayweb-bin/checkmweb"
    return done({"h5_url": f"{where}?prepay_id={made.prepay_id}&package={made.total}"})


def _code_pay(call: Call, partner: str | None) -> Answer:
    made = call.wechat.orders.order(call.fields, "MICROPAY", partner=bool(partner))
    if isinstance(made, Fault):
        return refused(call, made)
    waits = made.state == "USERPAYING"
    status = int(call.wechat.switchboard.facts.userpaying_status) if waits else 200
    return json_answer(status, transaction(made), signed=True)


def _combine(call: Call, kind: str) -> Answer:
    made = call.wechat.combined.order(call.fields, kind)
    if isinstance(made, Fault):
        return refused(call, made)
    return done({"code_url": made.head.code_url} if kind == "native" else {"prepay_id": made.head.prepay_id})


def _query_combined(call: Call, number: str) -> Answer:
    found = call.wechat.combined.find(number)
    return refused(call, NO_SUCH_ORDER) if found is None else done(combined_answer(found))


def _close_combined(call: Call, number: str) -> Answer:
    fault = call.wechat.combined.close(number)
    return Answer(204, signed=True) if fault is None else refused(call, fault)


def _query(call: Call, partner: str | None, number: str) -> Answer:
    found = call.wechat.orders.find(unquote(number))
    return _shown(call, bool(partner), found)


def _query_by_id(call: Call, partner: str | None, transaction_id: str) -> Answer:
    return _shown(call, bool(partner), call.wechat.orders.by_transaction(transaction_id) or NO_SUCH_ORDER)


def _shown(call: Call, partner: bool, found: Order | Fault) -> Answer:
    if not _is_named(call.query, call.wechat.platform.caller, partner=partner):
        return refused(call, WRONG_MERCHANT)
    return refused(call, found) if isinstance(found, Fault) else done(transaction(found))


def _close(call: Call, partner: str | None, number: str) -> Answer:
    if not _is_named(call.fields, call.wechat.platform.caller, partner=bool(partner)):
        return refused(call, WRONG_MERCHANT)
    fault = call.wechat.orders.close(unquote(number))
    return Answer(204, signed=True) if fault is None else refused(call, fault)


def _reverse(call: Call, partner: str | None, number: str) -> Answer:
    if not _is_named(call.fields, call.wechat.platform.caller, partner=bool(partner)):
        return refused(call, WRONG_MERCHANT)
    fault = call.wechat.orders.reverse(number)
    return refused(call, fault) if fault else done(call.fields | {"out_trade_no": number})


def _is_named(given: object, caller: Caller, *, partner: bool) -> bool:
    if not isinstance(given, dict) or partner != bool(caller.sub_mchid):
        return False
    wanted = {"sp_mchid": caller.mchid, "sub_mchid": caller.sub_mchid} if partner else {"mchid": caller.mchid}
    return all(given.get(name) == value for name, value in wanted.items())


def _refund(call: Call) -> Answer:
    made = call.wechat.refunds.refund(call.fields)
    if isinstance(made, Fault):
        return refused(call, made)
    answer = _refund_answer(made)
    call.wechat.end_refund(made)
    return answer


def _refund_answer(refund: Refund) -> Answer:
    return done(refund_answer(refund))


def _query_refund(call: Call, number: str) -> Answer:
    found = call.wechat.refunds.find(unquote(number))
    is_ours = call.query.get("sub_mchid", "") == call.wechat.platform.caller.sub_mchid
    return _refund_answer(found) if found is not None and is_ours else refused(call, NO_SUCH_REFUND)


def _abnormal(call: Call, refund_id: str) -> Answer:
    found = call.wechat.refunds.by_id(refund_id)
    if found is None or call.fields.get("out_refund_no") != found.number:
        return refused(call, NO_SUCH_REFUND)
    if call.fields.get("type") not in ("MERCHANT_BANK_CARD", "USER_BANK_CARD"):
        return refused(call, Fault(400, "PARAM_ERROR", "参数错误: type"))
    if not call.wechat.refunds.again(found):
        return refused(call, NOT_ABNORMAL)
    answer = _refund_answer(found)
    call.wechat.end_refund(found)
    return answer


def _bill(call: Call, kind: str) -> Answer:
    day, bills = _day(call.query.get("bill_date", "")), call.wechat.bills
    if day is None or call.query.get("tar_type", "GZIP") != "GZIP":
        return refused(call, Fault(400, "PARAM_ERROR", "参数错误: bill_date"))
    packed = "tar_type" in call.query
    if kind == "trade":
        made = bills.trade_bill(day, call.query.get("bill_type", "ALL"), packed=packed)
    else:
        made = bills.fund_bill(day, packed=packed)
    return refused(call, made) if isinstance(made, Fault) else _offer(call, *made)


def _offer(call: Call, token: str, file: BillFile) -> Answer:
    url = f"{call.base}/v3/billdownload/file?token={token}"
    return done({"hash_type": "SHA1", "hash_value": file.hash_value, "download_url": url})


def _download(call: Call) -> Answer:
    file = call.wechat.bills.fetch(call.query.get("token", ""))
    if file is None:
        return refused(call, Fault(400, "INVALID_REQUEST", "下载链接已失效"))
    return Answer(200, file.content, "application/octet-stream")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _certificates(call: Call) -> Answer:
    if not call.wechat.switchboard.has_certificates:
        return refused(call, NO_CERTIFICATES)
    return done({"data": [_certificate(call, one) for one in call.wechat.platform.certificates.all()]})


def _certificate(call: Call, identity: Certified) -> dict[str, object]:
    certificate, platform = identity.certificate, call.wechat.platform
    signs = int(call.wechat.switchboard.facts.gcm_nonce)
    return {
        "serial_no": identity.serial,
        "effective_time": written(certificate.not_valid_before_utc),
        "expire_time": written(certificate.not_valid_after_utc),
        "encrypt_certificate": sealed_text(
            platform.apiv3_key, certificate.public_bytes(Encoding.PEM), "certificate", signs
        ),
    }


def _find_service(call: Call) -> Answer:
    found = call.wechat.parking.find(call.query)
    return refused(call, found) if isinstance(found, Fault) else done(found)


def _enter(call: Call) -> Answer:
    made = call.wechat.parking.enter(call.fields)
    return done(entry_answer(made)) if isinstance(made, Entry) else refused(call, made)


def _deduct(call: Call) -> Answer:
    made = call.wechat.parking.deduct(call.fields)
    if not isinstance(made, Deduction):
        return refused(call, made)
    call.wechat.end_by_itself(made)
    return done(deduction_answer(made))


def _query_deduction(call: Call, number: str) -> Answer:
    found, paid = call.wechat.parking.found(number), call.wechat.orders.get(number)
    refunded = paid is not None and paid.state == "REFUND"
    return refused(call, NO_SUCH_ORDER) if found is None else done(deduction_answer(found, refunded=refunded))


_PAY: Final = r"/v3/pay(/partner)?/transactions"
_ONE: Final = rf"{_PAY}/out-trade-no/([^/]+)"
_COMBINE: Final = r"/v3/combine-transactions"
_REFUNDS: Final = r"/v3/refund/domestic/refunds"
ROUTES: Final[Sequence[Route]] = (
    route("GET", "/v3/certificates", _certificates),
    route("POST", rf"{_PAY}/(native|jsapi|h5)", _ordered),
    route("POST", rf"{_PAY}/codepay", _code_pay),
    route("GET", _ONE, _query),
    route("GET", rf"{_PAY}/id/([^/]+)", _query_by_id),
    route("POST", rf"{_ONE}/close", _close),
    route("POST", rf"{_ONE}/reverse", _reverse),
    route("POST", f"{_COMBINE}/(native|jsapi)", _combine),
    route("GET", f"{_COMBINE}/out-trade-no/([^/]+)", _query_combined),
    route("POST", f"{_COMBINE}/out-trade-no/([^/]+)/close", _close_combined),
    route("POST", _REFUNDS, _refund),
    route("GET", rf"{_REFUNDS}/([^/]+)", _query_refund),
    route("POST", rf"{_REFUNDS}/([^/]+)/apply-abnormal-refund", _abnormal),
    route("GET", "/v3/bill/(trade|fundflow)bill", _bill),
    route("GET", "/v3/billdownload/file", _download),
    route("GET", "/v3/vehicle/parking/services/find", _find_service),
    route("POST", "/v3/vehicle/parking/parkings", _enter),
    route("POST", "/v3/vehicle/transactions/parking", _deduct),
    route("GET", "/v3/vehicle/transactions/out-trade-no/([^/]+)", _query_deduction),
)

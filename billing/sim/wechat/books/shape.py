"""What a request's fields must look like: WeChat's lengths, signs and kinds; 8.0 is no whole number."""

import re
from collections.abc import Mapping
from typing import Final

from billing.sim.wechat.clock import moment
from billing.sim.wechat.crypto import Caller, Fault
from billing.sim.wechat.facts import Facts

Fields = Mapping[str, object]

NUMBER: Final = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
REFUND_NUMBER: Final = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
PARKING_NUMBER: Final = re.compile(r"[0-9A-Za-z]{1,32}")
NOTIFY_URL: Final = re.compile(r"https?://[^?\s]+")
AUTH_CODE: Final = re.compile(r"1[0-5]\d{16}")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]{3,45}")
_H5_TYPES: Final = ("Wap", "iOS", "Android")


def within(fields: Fields, name: str) -> Fields:
    """Give an object within an object, empty if it is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def is_text(value: object, most: int, *, least: int = 1) -> bool:
    """Say whether a value is a text of such a length."""
    return isinstance(value, str) and least <= len(value) <= most


def is_whole(value: object, least: int = 1) -> bool:
    """Say whether a value is a whole number as JSON writes it: 8.0 and true are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def whole(fields: Fields, name: str) -> int:
    """Give a whole number that was checked."""
    value = fields.get(name)
    return value if isinstance(value, int) else 0


def is_url(value: object) -> bool:
    """Say whether a value may be told notices at; the real service takes https only."""
    return is_text(value, 255) and NOTIFY_URL.fullmatch(str(value)) is not None


def first_wrong(checks: Mapping[str, bool]) -> Fault | None:
    """Name the first field that is not as it should be."""
    wrong = next((name for name, good in checks.items() if not good), None)
    return None if wrong is None else Fault(400, "PARAM_ERROR", f"参数错误: {wrong}")


def caller_fault(fields: Fields, caller: Caller, appid: str, *, partner: bool) -> Fault | None:
    """Check who orders: the merchant that signed, or its sub-merchant through it."""
    if partner != bool(caller.sub_mchid):
        return Fault(403, "NO_AUTH", "商户无此接口权限")
    mchid, app = ("sp_mchid", "sp_appid") if partner else ("mchid", "appid")
    if fields.get(mchid) != caller.mchid:
        return Fault(400, "PARAM_ERROR", "商户号mchid与请求头不一致")
    if partner and fields.get("sub_mchid") != caller.sub_mchid:
        return Fault(403, "NO_AUTH", "特约商户与服务商没有受理关系")
    if fields.get(app) != appid:
        return Fault(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
    return None


def order_fault(fields: Fields, trade_type: str, facts: Facts) -> Fault | None:
    """Check an order's own fields, by how it is to be paid."""
    amount, description = within(fields, "amount"), fields.get("description")
    expiry, scene = fields.get("time_expire"), within(fields, "scene_info")
    plain = facts.emoji == "accepted" or max(str(description), default=" ") <= "\uffff"
    checks = {
        "description": is_text(description, 127) and plain,
        "out_trade_no": NUMBER.fullmatch(str(fields.get("out_trade_no", ""))) is not None,
        "amount": is_whole(amount.get("total")),
        "currency": amount.get("currency", "CNY") == "CNY",
        "attach": is_text(fields.get("attach", ""), 128, least=0),
    }
    if trade_type == "MICROPAY":
        return first_wrong(checks | _scanned(fields, scene))
    checks |= {
        "notify_url": is_url(fields.get("notify_url")),
        "time_expire": expiry is None or moment(expiry) is not None,
    }
    return first_wrong(checks | _kind(fields, trade_type, scene))


def _scanned(fields: Fields, scene: Fields) -> dict[str, bool]:
    return {
        "auth_code": AUTH_CODE.fullmatch(str(within(fields, "payer").get("auth_code", ""))) is not None,
        "store_info": is_text(within(scene, "store_info").get("id"), 32),
        "notify_url": "notify_url" not in fields,
    }


def _kind(fields: Fields, trade_type: str, scene: Fields) -> dict[str, bool]:
    if trade_type == "JSAPI":
        payer = within(fields, "payer")
        return {"openid": any(is_text(payer.get(name), 128) for name in ("openid", "sp_openid", "sub_openid"))}
    if trade_type == "MWEB":
        return {
            "payer_client_ip": _ADDRESS.fullmatch(str(scene.get("payer_client_ip", ""))) is not None,
            "h5_info": within(scene, "h5_info").get("type") in _H5_TYPES,
        }
    return {}

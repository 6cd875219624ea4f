"""Orders at WeChat: made for a QR code, a page inside WeChat, a browser or a payer's code; queried and closed."""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from billing.pay.calls.account import Account
from billing.pay.calls.channel import Channel, read
from billing.pay.calls.fields import Fields, fen, moment, part, text, text_or_none
from billing.pay.gateway import Closed, CodeUrl, H5Url, Refused, Reversed, Sheet, Unknown
from billing.settle import Transaction
from scada.clock import real_unix_seconds
from scada.model.money import Fen
from scada.model.names import OrderId

DESCRIPTION_SIGNS: Final = 127
STORE_SIGNS: Final = 32
_NOT_TAKEN = re.compile("[`\U00010000-\U0010ffff]")
"""What WeChat refuses in a description, and the sign that parts the cells of its bills."""
_AUTH_CODE = re.compile(r"1[0-5][0-9]{16}")


@dataclass(frozen=True, slots=True)
class OrderCalls:
    """All about orders. `notify_url` is where the word of a payment goes."""

    channel: Channel
    account: Account
    notify_url: str

    def native(self, order: OrderId, description: str, amount: Fen, time_expire: str) -> CodeUrl | Refused | Unknown:
        """Order by QR code. The same number with the same parameters gives the same order again."""
        body = self._body(order, description, amount, time_expire)
        answer = self.channel.post(f"order {order}", f"{self.account.orders}/native", body)
        return read(f"order {order}", answer, lambda fields: CodeUrl(text(fields, "code_url", most=512)))

    def jsapi(
        self, order: OrderId, description: str, amount: Fen, time_expire: str, openid: str
    ) -> Sheet | Refused | Unknown:
        """Order on a page inside WeChat, for this payer; gives the six values of the pay sheet."""
        body = self._body(order, description, amount, time_expire) | {"payer": self.account.payer(openid)}
        answer = self.channel.post(f"order {order}", f"{self.account.orders}/jsapi", body)
        return read(f"order {order}", answer, lambda fields: self._sheet(text(fields, "prepay_id", most=64)))

    def h5(
        self, order: OrderId, description: str, amount: Fen, time_expire: str, client_ip: str
    ) -> H5Url | Refused | Unknown:
        """Order in a browser outside WeChat; only a page of a registered host may lead to the address."""
        scene = {"payer_client_ip": client_ip, "h5_info": {"type": "Wap"}}
        body = self._body(order, description, amount, time_expire) | {"scene_info": scene}
        answer = self.channel.post(f"order {order}", f"{self.account.orders}/h5", body)
        return read(f"order {order}", answer, lambda fields: H5Url(text(fields, "h5_url", most=512)))

    def code_pay(
        self, order: OrderId, description: str, amount: Fen, auth_code: str, store: str
    ) -> Transaction | Refused | Unknown:
        """Take a payment by the code that a scanner read off a phone. USERPAYING and Unknown: query, then reverse.

        Never repeated: after anything but SUCCESS the order is asked for.
        """
        if not _AUTH_CODE.fullmatch(auth_code):
            return Refused("AUTH_CODE_INVALID", "not a payer's code: 18 digits from 10 to 15 on")
        what = f"code pay {order}"
        where = {"id": store[:STORE_SIGNS]}
        body = self._terms(order, description, amount) | {
            "payer": {"auth_code": auth_code},
            "scene_info": {"store_info": where},
        }
        answer = self.channel.post(what, f"{self.account.orders}/codepay", body)
        return read(what, answer, lambda fields: self._about(order, fields))

    def reverse(self, order: OrderId) -> Reversed | Refused | Unknown:
        """Undo a payment by code, whatever became of it."""
        what = f"reverse {order}"
        answer = self.channel.post(what, f"{self.account.one(order)}/reverse", self.account.names())
        return read(what, answer, lambda fields: _reversed(order, fields))

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        """Ask what became of an order."""
        answer = self.channel.get(f"query {order}", f"{self.account.one(order)}?{self.account.query()}")
        return read(f"query {order}", answer, lambda fields: self._about(order, fields))

    def close(self, order: OrderId) -> Closed | Refused | Unknown:
        """Close an order, so that it can no longer be paid."""
        answer = self.channel.post(f"close {order}", f"{self.account.one(order)}/close", self.account.numbers())
        return Closed() if isinstance(answer, dict) else answer

    def _terms(self, order: OrderId, description: str, amount: Fen) -> dict[str, object]:
        return self.account.names() | {
            "description": _NOT_TAKEN.sub("", description)[:DESCRIPTION_SIGNS].strip() or "停车费",
            "out_trade_no": order,
            "amount": {"total": int(amount), "currency": "CNY"},
        }

    def _body(self, order: OrderId, description: str, amount: Fen, time_expire: str) -> dict[str, object]:
        terms = self._terms(order, description, amount)
        return terms | {"time_expire": time_expire, "notify_url": self.notify_url}

    def _sheet(self, prepay_id: str) -> Sheet:
        stamp, nonce, package = str(int(real_unix_seconds())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        appid = self.account.sub_appid or self.account.appid
        pay_sign = self.channel.sign(appid, stamp, nonce, package)
        return Sheet(
            {
                "appId": appid,
                "timeStamp": stamp,
                "nonceStr": nonce,
                "package": package,
                "signType": "RSA",
                "paySign": pay_sign,
            }
        )

    def _about(self, order: OrderId, fields: Fields) -> Transaction:
        transaction = read_transaction(fields)
        if transaction.out_trade_no != order or not self.account.is_named_in(fields):
            raise ValueError(f"an answer about {transaction.out_trade_no} of {transaction.mchid}")
        return transaction


def _reversed(order: OrderId, fields: Fields) -> Reversed:
    if fields.get("out_trade_no") != order:
        raise ValueError(f"an answer about {fields.get('out_trade_no')}")
    return Reversed()


def read_transaction(fields: Fields) -> Transaction:
    """Read WeChat's transaction, a merchant's own or a service provider's. Raises ValueError if it is not one."""
    amount = part(fields, "amount")
    return Transaction(
        mchid=text_or_none(fields, "sp_mchid") or text_or_none(fields, "mchid"),
        appid=text_or_none(fields, "sp_appid") or text_or_none(fields, "appid"),
        sub_mchid=text_or_none(fields, "sub_mchid"),
        out_trade_no=OrderId(text(fields, "out_trade_no", most=64)),
        trade_state=text(fields, "trade_state", most=32),
        transaction_id=text_or_none(fields, "transaction_id", most=64),
        amount_fen=fen(amount, "total"),
        currency=text_or_none(amount, "currency", most=16) or "CNY",
        paid_at=moment(fields, "success_time"),
        payer=_payer(fields),
    )


def _payer(fields: Fields) -> str:
    """Give who paid, as the merchant's or the provider's account knows him; empty where that is not told."""
    told = fields.get("payer")
    known = [told.get(name) for name in ("openid", "sp_openid", "sub_openid")] if isinstance(told, dict) else []
    return next((one for one in known if isinstance(one, str) and 0 < len(one) <= 128), "")

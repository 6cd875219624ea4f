"""Refunds at WeChat: asked for under a fixed number, which never pays back twice, and queried."""

from dataclasses import dataclass
from typing import Final

from billing.pay.calls.account import Account
from billing.pay.calls.channel import Channel, read
from billing.pay.calls.fields import Fields, fen, moment, part, text, text_or_none
from billing.pay.gateway import Refund, Refused, Unknown
from scada.model.money import Fen
from scada.model.names import OrderId

REASON_BYTES: Final = 80
REFUNDS: Final = "/v3/refund/domestic/refunds"
TO_MERCHANT: Final = "MERCHANT_BANK_CARD"
"""Where a refund goes that its payer's bank did not take: to us, who pay it out. A payer's own card would have to be
written down here, and is nobody's business."""


@dataclass(frozen=True, slots=True)
class RefundCalls:
    """All about refunds. `notify_url` is where the word of their end goes."""

    channel: Channel
    account: Account
    notify_url: str

    def refund(
        self, out_refund_no: str, order: OrderId, refunded: Fen, total: Fen, reason: str
    ) -> Refund | Refused | Unknown:
        """Ask for a refund. PROCESSING is accepted only; after Unknown or a refusal send the **same** number again."""
        what = f"refund {out_refund_no}"
        body = self.account.sub() | {
            "out_trade_no": order,
            "out_refund_no": out_refund_no,
            "reason": reason.encode()[:REASON_BYTES].decode(errors="ignore"),
            "notify_url": self.notify_url,
            "amount": {"refund": int(refunded), "total": int(total), "currency": "CNY"},
        }
        answer = self.channel.post(what, REFUNDS, body)
        found = read(what, answer, lambda fields: _about(out_refund_no, fields))
        if isinstance(found, Refund) and (found.out_trade_no, found.amount_fen) != (order, refunded):
            return Unknown(f"{what}: an answer about {found.amount_fen} fen of {found.out_trade_no}")
        return found

    def query(self, out_refund_no: str) -> Refund | Refused | Unknown:
        """Ask what became of a refund."""
        sub = f"?sub_mchid={self.account.sub_mchid}" if self.account.sub_mchid else ""
        what = f"query refund {out_refund_no}"
        answer = self.channel.get(what, f"{REFUNDS}/{out_refund_no}{sub}")
        return read(what, answer, lambda fields: _about(out_refund_no, fields))

    def apply_abnormal(self, out_refund_no: str, refund_id: str) -> Refund | Refused | Unknown:
        """Have an ABNORMAL refund paid to the merchant's own bank account, from where a person pays it out."""
        what = f"abnormal refund {out_refund_no}"
        body = self.account.sub() | {"out_refund_no": out_refund_no, "type": TO_MERCHANT}
        answer = self.channel.post(what, f"{REFUNDS}/{refund_id}/apply-abnormal-refund", body)
        return read(what, answer, lambda fields: _about(out_refund_no, fields))


def _about(out_refund_no: str, fields: Fields) -> Refund:
    refund = read_refund(fields, "status")
    if refund.out_refund_no != out_refund_no:
        raise ValueError(f"an answer about {refund.out_refund_no}")
    return refund


def read_refund(fields: Fields, status: str) -> Refund:
    """Read a refund; `status` is where its state stands: `status` in answers, `refund_status` in notices."""
    amount = part(fields, "amount")
    return Refund(
        out_refund_no=text(fields, "out_refund_no", most=64),
        refund_id=text(fields, "refund_id", most=64),
        out_trade_no=OrderId(text(fields, "out_trade_no", most=64)),
        transaction_id=text_or_none(fields, "transaction_id", most=64),
        status=text(fields, status, most=32),
        amount_fen=fen(amount, "refund"),
        total_fen=fen(amount, "total"),
        success_at=moment(fields, "success_time"),
    )

"""What nobody has confirmed about the real service: switches, so that the product is tested under every value."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Facts:
    """The service as it is assumed to be; see `CHOICES` for what else it might be."""

    paid_again: str = "ORDERPAID"
    reentry: str = "INVALID_REQUEST"
    close_paid: str = "ORDERPAID"
    close_again: str = "done"
    unknown_close: str = "burns"
    burnt_query: str = "ORDER_NOT_EXIST"
    userpaying_status: str = "200"
    no_statement_status: str = "400"
    bill_hash: str = "unpacked"
    order_life: str = "7d"
    h5_life: str = "5min"
    signed_url: str = "encoded"
    signature_type: str = "sent"
    signed_4xx: str = "no"
    routing_body: str = "empty"
    check_order: str = "clock_first"
    gcm_nonce: str = "12"
    answer_within: str = "5s"
    emoji: str = "refused"
    parking_original_type: str = "transaction"

    def changed(self, changes: Mapping[str, object]) -> "Facts":
        """Assume something else. Raises ValueError for what the service might not be."""
        for name, value in changes.items():
            if value not in CHOICES.get(name, ()):
                raise ValueError(f"{name} = {value!r}: may be {CHOICES.get(name)}")
        return replace(self, **{name: str(value) for name, value in changes.items()})

    def shown(self) -> dict[str, object]:
        """Give all facts by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "paid_again": ("ORDERPAID", "ORDER_PAID", "OUT_TRADE_NO_USED"),
    "reentry": ("INVALID_REQUEST", "OUT_TRADE_NO_USED"),
    "close_paid": ("ORDERPAID", "ORDER_PAID", "TRADE_ERROR"),
    "close_again": ("done", "ORDER_CLOSED"),
    "unknown_close": ("burns", "ORDER_NOT_EXIST"),
    "burnt_query": ("ORDER_NOT_EXIST", "ORDERNOTEXIST", "CLOSED"),
    "userpaying_status": ("200", "202"),
    "no_statement_status": ("400", "404"),
    "bill_hash": ("unpacked", "packed"),
    "order_life": ("7d", "2h"),
    "h5_life": ("5min", "2h"),
    "signed_url": ("encoded", "raw"),
    "signature_type": ("sent", "left_out"),
    "signed_4xx": ("no", "yes"),
    "routing_body": ("empty", "json"),
    "check_order": ("clock_first", "serial_first"),
    "gcm_nonce": ("12", "16"),
    "answer_within": ("5s", "3s"),
    "emoji": ("refused", "accepted"),
    "parking_original_type": ("transaction", "parking"),
}
"""Every switch with its values, the assumed one first."""
STATUS_OF: Final[Mapping[str, int]] = {
    "ORDERPAID": 400,
    "ORDER_PAID": 400,
    "ORDER_CLOSED": 400,
    "OUT_TRADE_NO_USED": 403,
    "TRADE_ERROR": 403,
    "ORDER_NOT_EXIST": 404,
    "ORDERNOTEXIST": 404,
    "INVALID_REQUEST": 400,
}


class Switchboard:
    """The facts in force; a test changes them. A merchant opened since 2024 is handed no certificates."""

    def __init__(self, *, has_certificates: bool = True) -> None:
        self.facts = Facts()
        self.has_certificates = has_certificates

    def change(self, changes: Mapping[str, object]) -> None:
        """Assume something else from now on."""
        self.facts = self.facts.changed(changes)

    def reset(self) -> None:
        """Assume what is assumed."""
        self.facts = Facts()

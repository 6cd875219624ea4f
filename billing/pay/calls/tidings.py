"""What a decrypted notice tells, by its event. A notice is a hint, never a command to a gate."""

from collections.abc import Callable, Mapping
from typing import Final

from billing.pay.calls.account import Account
from billing.pay.calls.fields import Fields, text
from billing.pay.calls.orders import read_transaction
from billing.pay.calls.parking import read_deduction, read_entrance
from billing.pay.calls.refunds import read_refund
from billing.pay.gateway import Notice, Told, Untold
from billing.settle import Transaction

PARKING: Final = "PARKING"


def read_notice(message: Fields, account: Account) -> Notice:
    """Read a verified message whose resource is decrypted. Raises ValueError if it is no notice to this account.

    A payment's merchant is left to the settlement: money that came to a wrong one is for a person to see.
    """
    resource = message.get("resource")
    if not isinstance(resource, dict):
        raise ValueError("without a resource")
    event = text(message, "event_type", most=64)
    about = _READERS.get(event, _untold)(resource)
    if not isinstance(about, Transaction | Untold) and not account.is_named_in(resource):
        raise ValueError("about another merchant")
    return Notice(text(message, "id", most=64), event, about)


def _untold(_resource: Fields) -> Told:
    return Untold()


def _payment(resource: Fields) -> Told:
    return read_deduction(resource) if resource.get("trade_scene") == PARKING else read_transaction(resource)


def _refund(resource: Fields) -> Told:
    return read_refund(resource, "refund_status")


_READERS: Final[Mapping[str, Callable[[Fields], Told]]] = {
    "TRANSACTION.SUCCESS": _payment,
    "TRANSACTION.FAIL": read_deduction,
    "TRANSACTION.PAY_BACK": read_deduction,
    "REFUND.SUCCESS": _refund,
    "REFUND.ABNORMAL": _refund,
    "REFUND.CLOSED": _refund,
    "VEHICLE.ENTRANCE_STATE_CHANGE": read_entrance,
}

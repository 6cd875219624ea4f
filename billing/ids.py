"""Names for stays, quotes, settlements and requests: 26 signs that sort by time; and order numbers."""

import re
import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from scada.model.names import OrderId, SiteId

_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_SUFFIX_SIGNS = 4


def new_id(now: datetime) -> str:
    """Make an id that sorts by time to the millisecond and never repeats."""
    milliseconds = int(now.timestamp() * 1000)
    return _base32(milliseconds, 10) + _base32(secrets.randbits(_RANDOM_BITS), 16)


def first_id(at: datetime) -> str:
    """Give what sorts before every id made at a moment or later."""
    return _base32(int(at.timestamp() * 1000), 10)


def out_trade_no(site: SiteId, subject: str, attempt: int, now: datetime, zone: ZoneInfo) -> OrderId:
    """Number one attempt to have a stay or a bill paid: lot, day, its id, attempt, and a random end.

    Letters and digits only, 31 at most. The random end keeps a number unused even after the
    database was set back to an older copy.
    """
    day = now.astimezone(zone).strftime("%y%m%d")
    end = "".join(secrets.choice(_SIGNS) for _ in range(_SUFFIX_SIGNS))
    return OrderId(f"{_lot(site)}{day}{subject[-16:]}{_base32(attempt, 3)}{end}")


def is_our_form(site: SiteId, number: str) -> bool:
    """Say whether a number is made as `out_trade_no` makes them for this lot; others sell at the same merchant, too."""
    return re.fullmatch(rf"{_lot(site)}[0-9]{{6}}[{_SIGNS}]{{23}}", number) is not None


def _lot(site: SiteId) -> str:
    return "".join(sign for sign in site.upper() if sign.isascii() and sign.isalnum()).ljust(2, "0")[:2]


def _base32(number: int, width: int) -> str:
    signs = [_SIGNS[(number >> (5 * place)) & 31] for place in range(width)]
    return "".join(reversed(signs))

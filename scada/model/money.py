"""Money is whole fen. Yuan exist only as text, at the edge."""

from typing import NewType

Fen = NewType("Fen", int)
NOTHING = Fen(0)


def yuan_text(amount: Fen) -> str:
    """Write an amount as yuan with two decimals, without a float: 1230 -> "12.30"."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100)
    return f"{sign}{whole}.{rest:02d}"

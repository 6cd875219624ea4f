"""What drivers' phones hold: money, the codes they show to scanners, and whether they are asked for a password."""

import secrets
import threading
from dataclasses import dataclass


@dataclass(slots=True)
class Wallet:
    """One payer; without `balance_fen` there is always enough."""

    asks_password: bool = False
    balance_fen: int | None = None


class Wallets:
    """All payers by openid. For use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wallets: dict[str, Wallet] = {}
        self._codes: dict[str, str] = {}

    def set(self, openid: str, *, asks_password: bool, balance_fen: int | None) -> None:
        """Say how a payer's phone behaves from now on."""
        with self._lock:
            self._wallets[openid] = Wallet(asks_password, balance_fen)

    def show_code(self, openid: str) -> str:
        """Give a code for a scanner: 18 digits, good once."""
        code = f"13{secrets.randbelow(10**16):016d}"
        with self._lock:
            self._codes[code] = openid
        return code

    def owner(self, auth_code: str) -> str | None:
        """Give whose code it is, once."""
        with self._lock:
            return self._codes.pop(auth_code, None)

    def can_pay(self, openid: str, total: int) -> bool:
        """Say whether a payer has the money, and take it."""
        with self._lock:
            wallet = self._wallets.get(openid)
            if wallet is None or wallet.balance_fen is None:
                return True
            if wallet.balance_fen < total:
                return False
            wallet.balance_fen -= total
            return True

    def asks_password(self, openid: str) -> bool:
        """Say whether the payer must give a password first."""
        with self._lock:
            wallet = self._wallets.get(openid)
            return wallet is not None and wallet.asks_password

"""The public bridge, as far as its pages need it."""

from typing import Protocol

from flask import current_app

from scada.bridge import Message, Reply


class Plant(Protocol):
    """Whom the public pages ask."""

    def ask(self, verb: str, args: Message, *, within_s: float = 2.0) -> Reply:
        """Ask the plant; the answer is its value, its refusal, or that nobody knows."""


def plant() -> Plant:
    """Give the bridge to the request now being answered."""
    found: Plant = current_app.extensions["plant"]
    return found

"""Secrets that were read: whatever writes a line for people to read covers them, whatever they look like."""

from typing import Final

from scada.model.masks import MASK, masked

_SHORTEST: Final = 12
"""A secret line shorter than this might be a word."""

_known: set[str] = set()


def keep_secret(text: str) -> None:
    """Let no log line hold this, nor any line of it."""
    lines = (line.strip() for line in text.splitlines())
    _known.update(line for line in lines if len(line) >= _SHORTEST and not line.startswith("-----"))


def hidden(text: str) -> str:
    """Cover what is secret in a line: what was read as a secret, and what looks like one."""
    for secret in _known:
        text = text.replace(secret, MASK)
    return masked(text)

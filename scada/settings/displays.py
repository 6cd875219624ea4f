"""Displays and boards: who is told what, and by which way (`docs/displays.md`)."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from scada.settings.base import Name, Section

Language = Literal["zh", "en"]
_SCHEMES = {"daozha": ("tcp", "http"), "rs485": ("tcp", "unit")}


class AnyDisplay(Section):
    """What a display and a board have in common.

    `kind`: our own protocol, or a board of the RS-485 family. `address`: `tcp://HOST:PORT`, `http://HOST:PORT/PATH` or
    `unit:NAME`, behind a recognition unit. `lines` it has; `languages` in their order. `key_file` lies below the data
    folder.
    """

    name: Name
    kind: Literal["daozha", "rs485"] = "daozha"
    address: str
    key_file: str | None = None
    lines: Annotated[int, Field(ge=1, le=16)] = 4
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=2, strict=False)] = ("zh", "en")

    @property
    def scheme(self) -> str:
        """The part of the address before the colon."""
        return self.address.partition(":")[0]

    @field_validator("address")
    @classmethod
    def _leads_somewhere(cls, address: str) -> str:
        scheme, _, rest = address.partition(":")
        if scheme == "unit":
            return address if rest else _wrong(address)
        parts = urlsplit(address)
        try:
            whole = bool(parts.hostname) and (parts.port is not None or scheme == "http")
        except ValueError:
            whole = False
        return address if whole and scheme in ("tcp", "http") else _wrong(address)

    @model_validator(mode="after")
    def _fits(self) -> "AnyDisplay":
        if self.scheme not in _SCHEMES[self.kind]:
            ways = " or ".join(f"{scheme}:" for scheme in _SCHEMES[self.kind])
            raise ValueError(f"{self.name!r}: a display of kind {self.kind!r} is reached by {ways}")
        if self.kind == "rs485" and self.key_file is not None:
            raise ValueError(f"{self.name!r}: an RS-485 board has no key")
        return self


class Display(AnyDisplay):
    """A lane's display. `voice`: the language it speaks; without it, it is silent. `way`: of a lane for both ways."""

    lane: Name
    way: Literal["entry", "exit"] | None = None
    voice: Language | None = "zh"


class Board(AnyDisplay):
    """A board that tells the free places of a zone."""

    zone: Name


class DisplayTexts(Section):
    """A site's own texts, over the shipped ones; beside config.toml."""

    file: str


def _wrong(address: str) -> str:
    raise ValueError(f"{address!r} is no way to a display; write tcp://HOST:PORT, http://HOST:PORT/PATH or unit:NAME")

"""The drivers' phones: what the lanes' QR codes lead to, and how a phone is known inside WeChat (`docs/phones.md`)."""

from typing import Annotated, Literal

from pydantic import Field

from scada.settings.base import Section

_Url = Annotated[str, Field(pattern=r"^https?://[^/\s]+$")]


class Templates(Section):
    """The ids of the official account's message templates; a kind without one is not pushed."""

    fee: Annotated[str, Field(max_length=64)] = ""
    paid: Annotated[str, Field(max_length=64)] = ""
    card: Annotated[str, Field(max_length=64)] = ""

    def of(self, kind: str) -> str:
        """Give the id of a kind of message; empty if it is not pushed."""
        return {"fee": self.fee, "paid": self.paid, "card": self.card}.get(kind, "")


class Phones(Section):
    """`lane_qr`: a lane's code is WeChat's own (`native`, one tap less) or leads to our page (`page`, with the lines).

    `app_secret_file` lies below the data folder; without it nobody is known inside WeChat, and phones pay by code or
    browser. `h5`: the merchant may take payments in browsers outside WeChat. `templates`: what is pushed to phones that
    follow the official account; `remind_days`: so many days before its last one a month card's phones are told.
    """

    lane_qr: Literal["native", "page"] = "native"
    app_secret_file: str | None = None
    oauth_url: _Url = "https://open.weixin.qq.com"
    api_url: _Url = "https://api.weixin.qq.com"
    h5: bool = False
    templates: Templates = Templates()
    remind_days: Annotated[tuple[Annotated[int, Field(ge=0, le=60)], ...], Field(strict=False, max_length=5)] = (7, 1)

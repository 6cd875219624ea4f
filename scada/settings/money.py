"""What a stay costs and how it is paid: limits, cards, debts, tariffs, the account at WeChat, scanners."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from scada.settings.base import Name, Section

_SCANNER_LINE = re.compile(r"tcp://[^/\s:?@]+:\d{1,5}|serial:/dev/[\w./-]+(\?baud=(9600|19200|38400|57600|115200))?")


class Limits(Section):
    """Beyond these a person looks first: at a stay left open by a plate that comes in again, and at a quote.

    Above `goodwill_fen` a second person stands for what is waived, above `refund_fen` for what goes back.
    """

    unseen_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 5_000
    stay_hours: Annotated[int, Field(ge=1, le=10_000)] = 72
    stay_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 50_000
    goodwill_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000
    refund_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000


class CardProduct(Section):
    """A month card that the site sells, at one price for some months: so many plates on so many spaces.

    For `grace_days` after its end it goes on opening. A renewal within them begins where the card ended (`gap` says
    `continue`) or on the day of payment (`anew`); a later one begins anew. `changes` of a plate in a calendar month, if
    `change_inside` also while its car is inside under the card. At most `most` cards are good at a time; 0: no limit.
    """

    name: Name
    title: str
    title_en: Annotated[str, Field(max_length=64)] = ""
    price_fen: Annotated[int, Field(ge=1, le=100_000_000)]
    months: Annotated[int, Field(ge=1, le=36)] = 1
    spaces: Annotated[int, Field(ge=1, le=1000)] = 1
    plates: Annotated[int, Field(ge=1, le=1000)] = 1
    zones: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    grace_days: Annotated[int, Field(ge=0, le=31)] = 0
    gap: Literal["continue", "anew"] = "continue"
    changes: Annotated[int, Field(ge=0, le=100)] = 1
    change_inside: bool = False
    most: Annotated[int, Field(ge=0, le=100_000)] = 0


class Visitors(Section):
    """Visitors whom hosts book: how early and late they may come, how long and how far ahead a booking may be."""

    early_min: Annotated[int, Field(ge=0, le=1440)] = 30
    late_min: Annotated[int, Field(ge=0, le=1440)] = 60
    longest_days: Annotated[int, Field(ge=1, le=366)] = 31
    ahead_days: Annotated[int, Field(ge=1, le=366)] = 90


class Arrears(Section):
    """What is done about debts of earlier stays: at the exit, at the entry, and when one is given up.

    `add`: they are asked for with the new stay; `ask`: shown, and paid by who wants to. A plate that owes more than
    `refuse_above_fen` is not let in alone if `at_entry` says `refuse`. Above `write_off_fen` a second person stands
    for a debt that is given up.
    """

    at_exit: Literal["ask", "add", "ignore"] = "ask"
    at_entry: Literal["admit", "refuse"] = "admit"
    refuse_above_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    write_off_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000


class Tariffs(Section):
    """Where the tariff files are: one version each (`docs/tariffs.md`)."""

    folder: str


class PayScore(Section):
    """Pay-score parking (微信支付分停车): WeChat deducts the fee of a driver who allows it, and the gate just opens.

    `name` of the car park and `description` of the fee are what the driver reads; without `name`, the site's own.
    """

    enabled: bool = False
    name: Annotated[str, Field(max_length=32)] = ""
    description: Annotated[str, Field(min_length=1, max_length=127)] = "停车费"


class WeChat(Section):
    """The merchant's account at WeChat Pay; every secret is a file below the data folder.

    With a `sub_mchid`, `mchid` is the service provider that acts for it. Without WeChat's public key its answers are
    verified by the certificates that it hands out.
    """

    base_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] = "https://api.mch.weixin.qq.com"
    mchid: Annotated[str, Field(pattern=r"^\d{8,32}$")]
    appid: Annotated[str, Field(pattern=r"^wx[0-9a-z]{8,30}$")]
    sub_mchid: Annotated[str, Field(pattern=r"^(\d{8,32})?$")] = ""
    sub_appid: Annotated[str, Field(pattern=r"^(wx[0-9a-z]{8,30})?$")] = ""
    merchant_certificate_file: str
    private_key_file: str
    apiv3_key_file: str
    other_apiv3_key_file: str | None = None
    public_key_file: str | None = None
    public_key_id_file: str | None = None
    notify_url: Annotated[str, Field(pattern=r"^https?://[^?\s]+$", max_length=255)]
    parking: PayScore = PayScore()
    accountant: Annotated[str, Field(max_length=64)] = ""
    """Who owns the cases that WeChat's bills bring up; empty: whoever takes them."""
    reconcile_days: Annotated[int, Field(ge=1, le=90)] = 30
    """How far back a day whose bill was not compared is still made up for."""
    bills_days: Annotated[int, Field(ge=90, le=4000)] = 1100
    """How long the files of bills are kept."""

    @model_validator(mode="after")
    def _names_go_together(self) -> "WeChat":
        if (self.public_key_file is None) != (self.public_key_id_file is None):
            raise ValueError("WeChat Pay's public key and its id go together: name both files, or neither")
        if self.sub_appid and not self.sub_mchid:
            raise ValueError("sub_appid belongs to a sub_mchid")
        return self


class Scanner(Section):
    """A scanner at an exit that reads payers' codes off their phones, and sends each as a line.

    `source`: `tcp://host:port` of its serial server, or `serial:/dev/ttyACM0?baud=9600`.
    """

    lane: Name
    source: str

    @field_validator("source")
    @classmethod
    def _is_a_line(cls, source: str) -> str:
        if not _SCANNER_LINE.fullmatch(source):
            raise ValueError(f"{source!r} is no line: write tcp://HOST:PORT or serial:/dev/ttyACM0?baud=9600")
        return source

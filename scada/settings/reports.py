"""Reports that are made by themselves: which, when, in which forms, and who gets them."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from scada.model.reports import report_named
from scada.settings.base import Name, Port, Section

Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=254)]
Form = Literal["html", "xlsx", "csv", "pdf", "json"]


class Mail(Section):
    """The server that takes mail. `none` is for one on this machine or a closed network: nothing is hidden there.

    `password_file` lies in the data folder, mode 0600.
    """

    host: str
    port: Port = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    sender: Address
    user: str | None = None
    password_file: str | None = None

    @model_validator(mode="after")
    def _secrets_are_hidden(self) -> "Mail":
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file belong together")
        if self.user is not None and self.tls == "none":
            raise ValueError('a password is sent with TLS only: write tls = "starttls" or "tls"')
        return self


class ReportSchedule(Section):
    """Some reports of each day, week or month that is over, at a time of the next day.

    Plates in them are covered unless `whole_plates`: mail lies about in more hands than a control room.
    """

    name: Name
    reports: Annotated[tuple[str, ...], Field(strict=False, min_length=1, max_length=30)]
    every: Literal["day", "week", "month"] = "day"
    at: str = "06:00"
    formats: Annotated[tuple[Form, ...], Field(strict=False, min_length=1)] = ("pdf", "xlsx")
    language: Literal["zh", "en"] = "zh"
    to: Annotated[tuple[Address, ...], Field(strict=False, max_length=20)] = ()
    folder: str | None = None
    whole_plates: bool = False

    @field_validator("reports")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if report_named(name) is None:
                raise ValueError(f"there is no report {name!r}; `daozha report --help` lists them")
        return names

    @field_validator("at")
    @classmethod
    def _a_time(cls, at: str) -> str:
        if len(at) != 5:
            raise ValueError("write a time of the day like 06:00")
        time.fromisoformat(at)
        return at

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "ReportSchedule":
        if not self.to and self.folder is None:
            raise ValueError(f"{self.name!r} goes nowhere: write mail addresses in `to`, or a `folder`")
        return self

    @property
    def time_of_day(self) -> time:
        """When on the day after a period its reports are made, by the site's clock."""
        return time.fromisoformat(self.at)

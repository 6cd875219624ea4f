"""Who is told of alarms, by mail or webhook, and when: `[[notify]]`."""

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from scada.model.alarm.notify import Rule
from scada.settings.base import Name, Section
from scada.settings.reports import Address

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Notify(Section):
    """Some people, or a program behind `webhook`, are told of alarms of these priorities.

    A webhook's body is signed by HMAC-SHA256 with the secret in `secret_file`, in the data folder, mode 0600.
    `after_s`: only what nobody has acknowledged for so long, which makes one entry the escalation of another.
    `begins` and `ends` at the same time: the whole day.
    """

    name: Name
    to: Annotated[tuple[Address, ...], Field(strict=False, max_length=20)] = ()
    webhook: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=300)] | None = None
    secret_file: str | None = None
    priorities: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(strict=False, min_length=1)] = (1, 2)
    lanes: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    days: Annotated[tuple[Day, ...], Field(strict=False, min_length=1)] = DAYS
    begins: Clock = "00:00"
    ends: Clock = "00:00"
    after_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    again_min: Annotated[int, Field(ge=0, le=10_080)] = 60
    language: Literal["zh", "en"] = "zh"

    @model_validator(mode="after")
    def _somebody(self) -> "Notify":
        if not self.to and self.webhook is None:
            raise ValueError(f"notify {self.name!r}: write to = [...] or webhook")
        if (self.webhook is None) != (self.secret_file is None):
            raise ValueError(f"notify {self.name!r}: webhook and secret_file belong together")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """All who are told."""
        return (*self.to, *((self.webhook,) if self.webhook is not None else ()))

    @property
    def rule(self) -> Rule:
        """When and of what."""
        return Rule(
            name=self.name,
            priorities=frozenset(self.priorities),
            lanes=frozenset(self.lanes),
            days=frozenset(DAYS.index(day) for day in self.days),
            begins=time.fromisoformat(self.begins),
            ends=time.fromisoformat(self.ends),
            after=timedelta(seconds=self.after_s),
            again=timedelta(minutes=self.again_min),
        )

"""Alarms as data: the shipped set (`alarms.toml` beside this file), changed and added to by `[[alarm]]` in config.toml.

One entry may stand for many: `per` says for each what, and `{place}`, `{lane}` and `{plc}` are filled in. An entry
whose tags a site does not have is not there.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from scada.settings.base import Section

SHIPPED = Path(__file__).with_name("alarms.toml")
Code = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,47}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Formula = Annotated[str, Field(max_length=500)]
Delay = Annotated[float, Field(ge=0, le=86_400)]
Per = Literal["lane", "device", "camera", "display", "zone", "site"]
LONGEST_SHELF_MIN = 7 * 1440


class AlarmEntry(Section):
    """One alarm, or one for each lane, device or camera. One of `when`, `value`, `counts` and `told` raises it."""

    code: Code
    per: Per = "site"
    priority: Annotated[int, Field(ge=1, le=4)]
    when: Formula = ""
    value: Formula = ""
    above: float | None = None
    below: float | None = None
    deadband: Annotated[float, Field(ge=0)] = 0.0
    counts: str = ""
    bits: Literal[16, 32] = 32
    told: Annotated[tuple[str, ...], Field(strict=False, max_length=20)] = ()
    stands: Formula = ""
    on_delay_s: Delay = 0.0
    off_delay_s: Delay = 0.0
    count: Annotated[int, Field(ge=0, le=100)] = 0
    count_s: Delay = 10.0
    latching: bool = False
    auto_ack: bool = False
    re_alarm_s: Delay = 0.0
    shelve_most_min: Annotated[int, Field(ge=1, le=LONGEST_SHELF_MIN)] = 480
    audible: bool = True
    group: Annotated[str, Field(max_length=60)] = ""
    parents: Annotated[tuple[str, ...], Field(strict=False, max_length=10)] = ()
    suppress: Formula = ""
    text: Text
    text_zh: Text
    consequence: Text
    consequence_zh: Text
    response: Text
    response_zh: Text
    within_s: Annotated[int, Field(ge=1, le=604_800)]
    link: Annotated[str, Field(pattern=r"^/[^/\s][^\s]*$|^/$", max_length=120)] = "/"
    enabled: bool = True

    @model_validator(mode="after")
    def _one_cause(self) -> "AlarmEntry":
        if sum(map(bool, (self.when, self.value, self.counts, self.told))) != 1:
            raise ValueError(f"alarm {self.code!r}: exactly one of when, value, counts and told raises it")
        if bool(self.value) != ((self.above is None) != (self.below is None)):
            raise ValueError(f"alarm {self.code!r}: a value has one limit: above or below")
        if self.stands and not self.told:
            raise ValueError(f"alarm {self.code!r}: stands belongs to told")
        if self.count and not self.counts and not self.on_delay_s:
            raise ValueError(f"alarm {self.code!r}: count needs on_delay_s: how long it may stand besides")
        return self


@cache
def _shipped() -> Mapping[str, dict[str, Any]]:
    return {entry["code"]: entry for entry in tomllib.loads(SHIPPED.read_text("utf-8"))["alarm"]}


def alarm_entries(own: Sequence[dict[str, Any]]) -> tuple[AlarmEntry, ...]:
    """Give the shipped entries, each changed by the site's own one of the same code, and the site's further ones.

    Raises ValueError.
    """
    by_code = dict(_shipped())
    for entry in own:
        code = str(entry.get("code", ""))
        by_code[code] = {**by_code.get(code, {}), **entry}
    try:
        found = tuple(AlarmEntry.model_validate(entry) for entry in by_code.values())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"alarm: {where}: {first['msg']}") from error
    return tuple(entry for entry in found if entry.enabled)

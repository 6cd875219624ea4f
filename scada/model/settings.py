"""What of a site is set while it runs: the kinds of settings, and one version of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class SettingKind(Enum):
    """What may be set at run time, over what config.toml says."""

    TARIFF = "tariff"
    CARD_PRODUCT = "card_product"
    CAMERA = "camera"
    DISPLAY_TEXT = "display_text"
    HOLIDAYS = "holidays"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class SettingVersion:
    """One version of what one `subject` of a kind is set to; `signed_by` is the second person, if one was asked for.

    A version that has `ended_at` was withdrawn: from then on the one before it holds again.
    """

    kind: SettingKind
    subject: str
    version: int
    effective_from: datetime
    content: Mapping[str, object]
    by: str
    at: datetime
    signed_by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str = ""

"""What a month card costs, from when to when it holds, and what of it is earned. Pure; days are the site's own."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

from scada.model.money import Fen

Gap = Literal["continue", "anew"]
"""Where a renewal within the grace days begins: where the card ended, or on the day it is paid."""


@dataclass(frozen=True, slots=True)
class Product:
    """A card that the site sells: for some months, so many plates on so many spaces, in some zones or everywhere.

    For `grace_days` after its end it goes on opening, so that its holder may renew it; `changes` of plates are
    allowed in a calendar month, of one whose car is inside under the card if `change_inside`. At most `most` of these
    cards are good at a time; 0: as many as are wanted.
    """

    name: str
    title: str
    price_fen: Fen
    months: int
    spaces: int = 1
    plates: int = 1
    zones: tuple[str, ...] = ()
    grace_days: int = 0
    gap: Gap = "continue"
    changes: int = 1
    change_inside: bool = False
    most: int = 0
    title_en: str = ""


def as_sold(products: Mapping[str, Product], product: Product) -> Product:
    """Give a product as it is sold today; one that is sold no more as it was."""
    return products.get(product.name, product)


@dataclass(frozen=True, slots=True)
class Period:
    """Days that are paid for at one price: from `first` until before `until`."""

    first: date
    until: date
    price_fen: Fen

    @property
    def days(self) -> int:
        """How many days that are."""
        return (self.until - self.first).days

    def earned(self, day: date) -> Fen:
        """Give what has been earned before a day: each day its share, and all of them together the price.

        The shares of two days differ by one fen at most: the fen that do not divide are spread evenly.
        """
        gone = min(max((day - self.first).days, 0), self.days)
        return Fen(self.price_fen * gone // self.days)

    def unused(self, day: date) -> Fen:
        """Give what is left for the days after this one, which still counts as used."""
        return Fen(self.price_fen - self.earned(day + timedelta(days=1)))


def due_reminder(until: date | None, today: date, days: Sequence[int]) -> int | None:
    """Give which reminder, by its days before the last one, is due for a card that is paid until before a day.

    Of several that are due the last one alone is; None once the card is over.
    """
    left = -1 if until is None else (until - today).days - 1
    return None if left < 0 else min((one for one in days if left <= one), default=None)


def midnight(day: date, zone: tzinfo) -> datetime:
    """Give the moment at which a day of the site begins."""
    return datetime.combine(day, time(), zone)


def months_later(first: date, months: int, anchor: int) -> date:
    """Give the day so many months later; `anchor` is the day of the month that a shorter month must not forget."""
    index = first.year * 12 + first.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor, monthrange(year, month + 1)[1]))


def first_period(product: Product, first: date) -> Period:
    """Give the days of a new card."""
    return Period(first, months_later(first, product.months, first.day), product.price_fen)


def renewal(product: Product, ended: date, today: date, anchor: int) -> Period:
    """Give the days of a renewal: on from the end, also within the grace days; a card long over begins anew."""
    in_time = today <= ended
    in_grace = product.gap == "continue" and today <= ended + timedelta(days=product.grace_days)
    first = ended if in_time or in_grace else today
    day = anchor if first == ended else first.day
    return Period(first, months_later(first, product.months, day), product.price_fen)


def shares(period: Period, ends: Iterable[date]) -> tuple[tuple[date, Fen], ...]:
    """Give what is earned up to each of some days, in turn; days on which nothing is earned are left out."""
    found: list[tuple[date, Fen]] = []
    before = 0
    for end in sorted(ends):
        now = period.earned(end)
        if now > before:
            found.append((end, Fen(now - before)))
        before = max(before, now)
    return tuple(found)


def month_ends(period: Period, today: date) -> tuple[date, ...]:
    """Give the end of each month that a period touches and that is over: the first day of the next one."""
    ends: list[date] = []
    end = months_later(period.first, 1, 1)
    while end <= today and (not ends or ends[-1] < period.until):
        ends.append(end)
        end = months_later(end, 1, 1)
    return tuple(ends)


def why_not_change(product: Product, done: int) -> str:
    """Say why no plate of a card may be changed now; empty if one may."""
    if done < product.changes:
        return ""
    if product.changes:
        return "The plate of this card cannot be changed again this month."
    return "The plate of this card never changes."

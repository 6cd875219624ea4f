"""Which rows hold something of a person for longer than they may, and what becomes of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, Text, and_, cast, or_, select

from scada.model.names import SiteId
from scada.settings.keeping import Retention
from scada.store import schema
from scada.store.retention.hashing import MARK

_ENDED_ORDERS: Final = ("PAID", "CLOSED", "REVERSED", "FAILED")


@dataclass(frozen=True, slots=True)
class Hide:
    """A keyed hash takes the place of what stands in a column: a plate, who somebody is, or a list of plates."""

    column: str


@dataclass(frozen=True, slots=True)
class Blank:
    """Columns lose what they hold."""

    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows go."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of rows: which are due, and what becomes of them."""

    name: str
    table: Table
    due: ColumnElement[bool]
    deed: Hide | Blank | Remove


@dataclass(frozen=True, slots=True)
class Ends:
    """What is older than these moments is kept no longer."""

    events: datetime
    queries: datetime
    phones: datetime


def ends_of(keys: Retention, now: datetime) -> Ends:
    """Reckon the moments from the settings."""
    days = (keys.events_days, keys.queries_days, keys.phones_days)
    return Ends(*(now - timedelta(days=count) for count in days))


def rules(site: SiteId, ends: Ends) -> tuple[Rule, ...]:
    """Give every rule but the journal's, which has its own seals (`scada.store.retention.journal`)."""
    return (*_plates(site, ends.events), *_cards(site, ends.events), *_persons(site, ends.events), *_gone(site, ends))


def _plates(site: SiteId, before: datetime) -> tuple[Rule, ...]:
    stay, passage, read, doubt = schema.stay, schema.passage, schema.camera_read, schema.uncertain
    voucher, booking, right, session = schema.voucher, schema.booking, schema.plate_right, schema.parking_session
    demand = schema.demand
    settled = and_(stay.c.ending.is_not(None), stay.c.arrears_fen == 0)
    old_demand = and_(demand.c.kind == "ARREARS", or_(demand.c.state != "OPEN", demand.c.valid_until < before))
    return (
        _hide("stays", site, stay, "plate", and_(settled, stay.c.exited_at < before)),
        _hide("passages", site, passage, "plate", passage.c.ended_at < before),
        _hide("reads", site, read, "plate", read.c.at < before),
        _hide("doubts", site, doubt, "plate", and_(doubt.c.settled_at.is_not(None), doubt.c.at < before)),
        _hide("vouchers", site, voucher, "plate", voucher.c.valid_until < before),
        _hide("bookings", site, booking, "plate", booking.c.until < before),
        _hide("rights", site, right, "plate", right.c.valid_until < before),
        _hide("parking sessions", site, session, "plate", session.c.ended_at < before),
        _hide("demands", site, demand, "about", and_(old_demand, demand.c.made_at < before)),
    )


def _cards(site: SiteId, before: datetime) -> tuple[Rule, ...]:
    """Forget whose a card was once it has ended and its last day is long past; what was paid for it stays."""
    card, period = schema.month_card, schema.card_period
    lasts = select(period.c.id).where(period.c.card == card.c.id, period.c.until >= before.date()).exists()
    over = and_(card.c.site == site, card.c.state == "ENDED", card.c.made_at < before, ~lasts)
    plates = cast(card.c.plates, Text)
    return (
        _hide("card holders", site, card, "holder", and_(card.c.state == "ENDED", card.c.made_at < before, ~lasts)),
        Rule("cards", card, and_(over, plates.not_like(f'%"{MARK}%'), plates != "[]"), Hide("plates")),
    )


def _persons(site: SiteId, before: datetime) -> tuple[Rule, ...]:
    order, ticket, notice = schema.pay_order, schema.ticket, schema.notice
    ended = order.c.state.in_(_ENDED_ORDERS)
    told = and_(notice.c.site == site, notice.c.received_at < before, notice.c.body != b"")
    return (
        _hide("payers", site, order, "payer", and_(ended, order.c.made_at < before)),
        _hide("tickets", site, ticket, "openid", and_(ticket.c.used_at.is_not(None), ticket.c.made_at < before)),
        Rule("notices", notice, told, Blank({"body": b"", "headers": {}})),
    )


def _gone(site: SiteId, ends: Ends) -> tuple[Rule, ...]:
    look, push, binding, reminder = schema.picture_look, schema.phone_push, schema.plate_binding, schema.card_reminder
    return (
        _remove("looks at pictures", site, look, look.c.at < ends.queries),
        _remove("pushes", site, push, push.c.at < ends.phones),
        _remove("bindings", site, binding, binding.c.ended_at < ends.phones),
        _remove("reminders", site, reminder, reminder.c.made_at < ends.events),
    )


def _hide(name: str, site: SiteId, table: Table, column: str, old: ColumnElement[bool]) -> Rule:
    held: ColumnElement[Any] = table.c[column]
    is_told = and_(held.is_not(None), held != "", held.not_like(f"{MARK}%"))
    return Rule(name, table, and_(table.c.site == site, old, is_told), Hide(column))


def _remove(name: str, site: SiteId, table: Table, old: ColumnElement[bool]) -> Rule:
    return Rule(name, table, and_(table.c.site == site, old), Remove())

"""The report `month-cards`: what cards brought, which run out, and where more are sold than there are spaces."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.documents.asked import Asked, Verdict
from scada.reports.documents.document import (
    Figure,
    Kind,
    Section,
    Table,
    code,
    count,
    day,
    fen,
    moment,
    table_of,
    text,
)
from scada.reports.money.monthcards import CardMoney, read_expiring, read_money, read_sold, read_zones

SOON: Final = timedelta(days=14)
_SOLD = (
    moment("paid_at", say("Paid at")),
    text("card", say("Card")),
    text("product", say("Product")),
    text("holder", say("Holder")),
    day("first", say("From")),
    day("until", say("Until before")),
    fen("price_fen", say("Price, yuan")),
    fen("earned_fen", say("Earned, yuan")),
    fen("refunded_fen", say("Given back, yuan")),
    code("paid_to", say("Paid into")),
)
_ZONES = (
    text("zone", say("Zone")),
    count("spaces_sold", say("Spaces sold"), adds=False),
    count("reserved", say("Reserved"), adds=False),
    count("spaces", say("Spaces"), adds=False),
    count("beyond_reserved", say("Beyond the reserved"), adds=False),
    count("oversold", say("Oversold"), adds=False),
)
_EXPIRING = (text("card", say("Card")), text("holder", say("Holder")), day("until", say("Ends before")))
_HOW = say("Earned is entered when a month is over: each day of a card earns its share of the price.")


def month_cards(connection: Connection, asked: Asked) -> Verdict:
    """Tell the month cards."""
    money = read_money(connection, asked.site, asked.since, asked.until)
    sold = read_sold(connection, asked.site, asked.since, asked.until)
    at = min(asked.until, asked.now)
    zones = read_zones(connection, asked.site, at, asked.config.park.all)
    expiring = read_expiring(connection, asked.site, at, SOON, asked.zone)
    sections = (
        Section(say("Together"), (_HOW,), figures=_figures(money), name="sums"),
        Section(say("Spaces sold"), table=table_of("zones", _ZONES, zones)),
        Section(
            say("Ending within %(days)s days", days=SOON.days), table=Table("expiring", _EXPIRING, tuple(expiring))
        ),
        Section(say("Sold and renewed"), table=table_of("sold", _SOLD, sold)),
    )
    return Verdict(sections, agrees=money.rest_fen == 0)


def _figures(money: CardMoney) -> tuple[Figure, ...]:
    titles = {
        "sold_fen": say("Sold, yuan"),
        "earned_fen": say("Earned, yuan"),
        "refunded_fen": say("Given back, yuan"),
        "deferred_before_fen": say("Paid and not used before, yuan"),
        "deferred_fen": say("Paid and not used after, yuan"),
    }
    return tuple(Figure(key, title, getattr(money, key), Kind.FEN) for key, title in titles.items())

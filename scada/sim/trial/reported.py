"""The reports held against the world: what they say of cars, openings and money, and what truly happened.

The virtual car park knows every car and every rise of a boom, the WeChat simulator every fen it took and gave back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from scada.config import Config
from scada.reports.daysheet import Lot, Sheet, read_sheet
from scada.reports.reading import last_day, midnight
from scada.reports.reconciliation import read_channel
from scada.sim.people.pages import Browser
from scada.sim.trial.facts import Facts
from scada.sim.trial.truth import Row, Truth
from scada.store.db import database_url, reading_engine

PENDING = frozenset({"CREATING", "OPEN", "UNKNOWN", "ACCEPTED"})
"""States of our orders whose payment we may not have heard of yet."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What WeChat's own books say: what each order paid, and what each refund gave back, in fen."""

    paid: Mapping[str, int]
    given_back: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reported:
    """What the reports say of all days together."""

    sheet: Sheet
    taken_fen: int
    given_back_fen: int

    def figures(self) -> dict[str, int]:
        """Give the figures that the world has, too."""
        cars = self.sheet.traffic
        money = {"taken_fen": self.taken_fen, "given_back_fen": self.given_back_fen}
        return {"openings": self.sheet.openings, "came": cars.came, "inside": self.sheet.inside_after, **money}


def ask_platform(port: int) -> Platform:
    """Ask the running simulator for its books. Raises PageError."""
    browser = Browser()
    base = f"http://127.0.0.1:{port}/sim"
    try:
        orders = [*_rows(browser.json(f"{base}/orders")), *_rows(browser.json(f"{base}/deductions"))]
        refunds = _rows(browser.json(f"{base}/refunds"))
    finally:
        browser.close()
    return Platform(
        {
            str(one["out_trade_no"]): int(str(one["total"]))
            for one in orders
            if one["paid_at"] and one["state"] != "REVOKED"
        },
        {str(one["out_refund_no"]): int(str(one["amount"])) for one in refunds if one["state"] == "SUCCESS"},
    )


def _rows(content: object) -> list[Row]:
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def reported_of(config: Config, facts: Facts) -> Reported:
    """Read the reports of a site, of all days since it began. Raises ValueError if nothing ever happened there."""
    began_at = min(at for row in facts.journal if isinstance(at := row["at"], datetime))
    engine = reading_engine(database_url(config))
    try:
        with engine.connect() as connection:
            return read_reported(connection, config, began_at)
    finally:
        engine.dispose()


def read_reported(connection: Connection, config: Config, began_at: datetime) -> Reported:
    """Read the reports of all days since the site began."""
    zone = config.site.zone_info
    first = began_at.astimezone(zone).date()
    last = max(last_day(connection, config.site_id, zone) or first, first)
    since, until = midnight(first, zone), midnight(last + timedelta(days=1), zone)
    lot = Lot(config.site_id, config.park, {lane.id: config.zone_of(lane.id) for lane in config.lanes}, zone)
    channel = read_channel(connection, config.site_id, since, until, zone)
    sheet = read_sheet(connection, lot, since, until)
    return Reported(sheet, sum(one.taken_fen for one in channel), sum(one.given_back_fen for one in channel))


def wrong_in_reports(told: Reported, truth: Truth, facts: Facts, platform: Platform, *, excused: int) -> list[str]:
    """Name what a report says otherwise than the world. `excused`: cars that went through in a named exception."""
    wrong = [
        f"report: {one.key}: {one.left} on one side, {one.right} on the other"
        for one in told.sheet.identities
        if not one.holds and one.key != "unexplained_openings"
    ]
    if not truth.cables and told.sheet.openings != len(truth.rises):
        wrong.append(f"report: {told.sheet.openings} openings, the booms rose {len(truth.rises)} times")
    came, gone = crossings(truth, facts.entries)
    cars = told.sheet.traffic
    for what, said, was in (
        ("came", cars.came, came),
        ("left", cars.left + cars.uncounted, gone),
        ("inside", told.sheet.inside_after, came - gone),
    ):
        if abs(said - was) > excused:
            wrong.append(f"report: {said} cars {what}, truly {was}, of which {excused} have a name")
    return wrong + _wrong_money(told, platform, facts)


def crossings(truth: Truth, entries: frozenset[str]) -> tuple[int, int]:
    """Count the cars that truly went in and out."""
    inward = sum(row["lane"] in entries or row.get("way") == "entry" for row in truth.crossings)
    return inward, len(truth.crossings) - inward


def _wrong_money(told: Reported, platform: Platform, facts: Facts) -> list[str]:
    """Compare what WeChat took and gave back with the report, less what we have not heard of yet."""
    unheard = {str(row["out_trade_no"]) for row in facts.orders if row["state"] in PENDING}
    waiting = {str(row["out_refund_no"]) for row in facts.refunds if row["state"] != "SUCCESS"}
    took = sum(fen for number, fen in platform.paid.items() if number not in unheard)
    gave = sum(fen for number, fen in platform.given_back.items() if number not in waiting)
    pairs = (("taken", told.taken_fen, took), ("given back", told.given_back_fen, gave))
    return [f"report: {said} fen {what}, WeChat says {was}" for what, said, was in pairs if said != was]

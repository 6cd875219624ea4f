"""`daozha merchant` and `daozha voucher`: who gives vouchers, what it owes, and the vouchers themselves.

A running plant asks the database anew for every quote; a car that stands at the exit hears of it when its quote ends.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from billing.accounts.chart import Account
from billing.bookings.book import rules_of
from billing.bookings.rows import to_come
from billing.books import Books
from billing.doors.vouchers import all_shown
from billing.tariff import VoucherKind
from billing.vouchers import book, links, merchants
from billing.vouchers.terms import Agreement, Hosting, Manner, Merchant, NotDone, Wanted, why_wrong
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import who, with_database
from scada.config import Config
from scada.model.money import Fen, yuan_text
from scada.model.names import VoucherId
from scada.model.plate import is_plausible, normal_form
from scada.store.db import Database

_NOBODY: Final = NotDone("there is no merchant of this name: daozha merchant list")
_VISITORS: Final = NotDone("visitors may still come for whom it pays: withdraw their bookings, or wait")
_INTO: Final = {"bank": Account.BANK, "safe": Account.SAFE}
_SHOWN: Final = ("merchant", "manner", "owes", "reserved", "gives", "per plate", "per day", "pays", "books", "ended")
_VOUCHER: Final = ("id", "merchant", "plate", "code", "kind", "value", "state", "let off", "valid until")


def add(asked: argparse.Namespace) -> int:
    """Take a merchant in. 1: there is one of that name."""

    def work(conn: Connection, books: Books) -> int:
        made = merchants.add(conn, books, clock_from().now(), asked.name, _terms(asked), who())
        return _told(made, f"{asked.name} gives vouchers from now on")

    return _agreed(asked, lambda: _write(asked, work))


def change(asked: argparse.Namespace) -> int:
    """Agree anew with a merchant. 1: there is none of that name."""

    def work(conn: Connection, books: Books, found: Merchant) -> int:
        merchants.change(conn, books, clock_from().now(), found, _terms(asked), who())
        return _told(None, f"{found.name}: agreed anew")

    return _agreed(asked, lambda: _of(asked, work))


def end(asked: argparse.Namespace) -> int:
    """End an agreement. 1: it has ended."""

    def work(conn: Connection, books: Books, found: Merchant) -> int:
        ended = merchants.end(conn, books, clock_from().now(), found, who())
        return _told(None if ended else NotDone("it has ended already"), f"{found.name} gives no more vouchers")

    return _of(asked, work)


def show(asked: argparse.Namespace) -> int:
    """List the merchants with what each owes."""

    async def work(config: Config, db: Database) -> int:
        rows = await db.read(lambda conn: all_shown(conn, config.site_id))
        if asked.json:
            sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
            return 0
        columns = ("merchant", "manner", "owes_fen", "reserved_fen", "most", "per_plate", "per_day", "pays_percent")
        lines = [
            [*(str(row[name]) for name in columns), "visitors" if row["hosting"] else "", str(row["ended_at"] or "")]
            for row in rows
        ]
        say.show_table(say.counted(len(rows), "merchant"), _SHOWN, lines)
        return 0

    return with_database(asked, work)


def receive(asked: argparse.Namespace) -> int:
    """Enter what a merchant has paid ahead, or an invoice that it has paid."""

    def work(conn: Connection, books: Books, found: Merchant) -> int:
        at, into = clock_from().now(), _INTO[asked.into]
        if asked.invoice:
            paid = merchants.pay_invoice(conn, books, at, found, asked.invoice, into, who())
            return _told(paid, f"{found.name}: the invoice is paid")
        merchants.receive(conn, books, at, found, Fen(asked.fen), into, who(), asked.note or "")
        owes = merchants.owes(conn, books.site, found.id)
        return _told(None, f"{found.name} has paid {yuan_text(Fen(asked.fen))} yuan and owes {yuan_text(owes)} now")

    if not asked.invoice and not asked.fen:
        say.complain("say how much, in fen, or which --invoice")
        return 2
    return _of(asked, work)


def repay(asked: argparse.Namespace) -> int:
    """Give back what a merchant whose agreement has ended paid ahead. 1: there is nothing to give back yet."""

    async def do(config: Config, db: Database) -> int:
        books, at, rules = Books.of(config), clock_from().now(), rules_of(config.visitors, config.limits)

        def work(conn: Connection) -> int:
            found = merchants.find(conn, books.site, asked.name, lock=True)
            if found is None:
                return _told(_NOBODY, "")
            if any(visitor.pays for visitor in to_come(conn, found.id, at, rules)):
                return _told(_VISITORS, "")
            given = merchants.give_back(conn, books, at, found, _INTO[asked.out_of], who())
            amount = "" if isinstance(given, NotDone) else yuan_text(given)
            return _told(given, f"{found.name} gets {amount} yuan back")

        return await db.write(work)

    return with_database(asked, do)


def invoice(asked: argparse.Namespace) -> int:
    """Invoice what a merchant's vouchers have let off and no invoice names yet. 1: nothing."""

    def work(conn: Connection, books: Books, found: Merchant) -> int:
        at = clock_from().now()
        made = merchants.invoice(conn, books, at, found, at, who())
        if isinstance(made, NotDone):
            return _told(made, "")
        number, many, amount = made
        if asked.json:
            sys.stdout.write(json.dumps({"invoice": number, "vouchers": many, "amount_fen": amount}) + "\n")
            return 0
        return _told(None, f"invoice {number}: {say.counted(many, 'voucher')}, {yuan_text(amount)} yuan")

    return _of(asked, work)


def link(asked: argparse.Namespace) -> int:
    """Make the code by which a merchant's staff signs in, in place of the one before; or end it. 1: there is none."""

    async def do(config: Config, db: Database) -> int:
        books, page = Books.of(config), f"{config.web.public.url}/shop"

        def work(conn: Connection) -> int:
            found = merchants.find(conn, books.site, asked.name, lock=True)
            if found is None:
                return _told(_NOBODY, "")
            at = clock_from().now()
            if asked.revoke:
                ended = links.revoke(conn, books, at, found, who())
                return _told(
                    None if ended else NotDone("it has no code"), f"{found.name}: nobody is signed in any more"
                )
            code = links.make(conn, books, at, found, who())
            return _told(None, f"{found.name}: {page}#{code}\nor {page} and the code {code}; it is shown only now")

        return await db.write(work)

    return with_database(asked, do)


def give(asked: argparse.Namespace) -> int:
    """Give a voucher in a merchant's name. 1: it may not; 2: this is no plate."""
    try:
        kind, value = _kind_and_value(asked.voucher)
    except ValueError as error:
        say.complain(str(error))
        return 2
    plate = None if asked.plate is None else normal_form(asked.plate)
    if plate is not None and not is_plausible(plate):
        say.complain(f"{asked.plate} is not a plate")
        return 2

    async def work(config: Config, db: Database) -> int:
        at, zone = clock_from().now(), config.site.zone_info
        midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        wanted = Wanted(kind, value, at + timedelta(hours=asked.hours), plate, asked.ticket or "")
        books = Books.of(config)
        made = await db.write(lambda conn: book.issue(conn, books, at, midnight, asked.merchant, wanted, who()))
        code = "" if isinstance(made, NotDone) or not made.code else f", code {made.code}"
        name = "" if isinstance(made, NotDone) else made.id
        return _told(made, f"voucher {name}{code}, good for {asked.hours} hours")

    return with_database(asked, work)


def claim(asked: argparse.Namespace) -> int:
    """Bind a code to a plate. 1: there is no such code, or it is used up."""

    def work(conn: Connection, books: Books) -> int:
        plate = normal_form(asked.plate)
        done = book.claim(conn, books, clock_from().now(), asked.code.upper(), plate, who())
        return _told(done, f"it counts for {plate} from now on")

    return _write(asked, work)


def withdraw(asked: argparse.Namespace) -> int:
    """Take a voucher back. 1: there is none, or it is used up."""

    def work(conn: Connection, books: Books) -> int:
        done = book.withdraw(conn, books, clock_from().now(), VoucherId(asked.id), who(), asked.why)
        return _told(done, "it counts for nothing any more")

    return _write(asked, work)


def vouchers(asked: argparse.Namespace) -> int:
    """List vouchers, the newest first."""

    async def work(config: Config, db: Database) -> int:
        plate = normal_form(asked.plate or "")
        rows = await db.read(lambda conn: book.listed(conn, config.site_id, 200, asked.merchant or "", plate))
        if asked.json:
            sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
            return 0
        columns = ("id", "merchant", "plate", "code", "kind", "value", "state", "amount_fen", "valid_until")
        lines = [[str(row[name] or "") for name in columns] for row in rows]
        say.show_table(say.counted(len(rows), "voucher"), _VOUCHER, lines)
        return 0

    return with_database(asked, work)


def _agreed(asked: argparse.Namespace, work: Callable[[], int]) -> int:
    """Look at what is to be agreed before anything is asked of the database. 2 if it cannot be."""
    try:
        _terms(asked)
    except ValueError as error:
        say.complain(str(error))
        return 2
    return work()


def _terms(asked: argparse.Namespace) -> Agreement:
    return Agreement(
        manner=Manner(asked.manner.upper()),
        most=_kinds(asked.kinds) if asked.kinds or not asked.may_book else {},
        limit_fen=Fen(asked.limit),
        per_plate=asked.per_plate,
        per_day=asked.per_day,
        stackable=asked.stackable,
        pays_percent=asked.pays,
        hosting=Hosting(asked.book_open, asked.book_per_day, Fen(asked.book_month)) if asked.may_book else None,
    )


def _of(asked: argparse.Namespace, work: Callable[[Connection, Books, Merchant], int]) -> int:
    def find_and_do(conn: Connection, books: Books) -> int:
        found = merchants.find(conn, books.site, asked.name, lock=True)
        if found is None:
            return _told(_NOBODY, "")
        return work(conn, books, found)

    return _write(asked, find_and_do)


def _write(asked: argparse.Namespace, work: Callable[[Connection, Books], int]) -> int:
    async def do(config: Config, db: Database) -> int:
        books = Books.of(config)
        return await db.write(lambda conn: work(conn, books))

    return with_database(asked, do)


def _told(outcome: object, text: str) -> int:
    if isinstance(outcome, NotDone):
        say.complain(outcome.why)
        return 1
    say.tell(text)
    return 0


def _kinds(text: str) -> dict[VoucherKind, int]:
    """Read the kinds that may be given, each with its largest value. Raises ValueError."""
    return dict(_kind_and_value(part) for part in text.split(","))


def _kind_and_value(text: str) -> tuple[VoucherKind, int]:
    """Read one voucher: `minutes:60`, `money:500` in fen, `percent:50`, `full`. Raises ValueError."""
    name, _, value = text.strip().partition(":")
    known = next((kind for kind in VoucherKind if kind.value == name), None)
    if known is None or not (value.isdecimal() or not value):
        raise ValueError(f"{text!r}: write minutes:60, money:500 (fen), percent:50 or full")
    if wrong := why_wrong(known, int(value or 0)):
        raise ValueError(wrong)
    return known, int(value or 0)

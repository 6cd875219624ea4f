"""The words and options of `daozha merchant`, `voucher`, `booking`, `card`, `arrears`. It imports argparse alone."""

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

Adder = Callable[..., argparse.ArgumentParser]
Run = Callable[[argparse.Namespace], int]
Command = Callable[[Adder, str, str, Run], argparse.ArgumentParser]
Group = Callable[[Adder, str, str], Adder]
Lazily = Callable[[str, str], Run]

_MERCHANTS: Final = "scada.commands.money.merchants"
_ARREARS: Final = "scada.commands.money.arrears"
_CARDS: Final = "scada.commands.money.cards"
_BOOKINGS: Final = "scada.commands.money.bookings"
_KIND_HELP: Final = "minutes:60, money:500 (fen), percent:50 or full"


def add_credit(
    add: Adder, group: Group, command: Command, lazily: Lazily, period: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Add the commands of merchants, vouchers and old debts."""
    _merchants(group(add, "merchant", "shops and others that give vouchers"), command, lazily)
    _vouchers(group(add, "voucher", "what merchants give their visitors"), command, lazily)
    _bookings(group(add, "booking", "visitors whom hosts announce"), command, lazily)
    _cards(group(add, "card", "month cards as goods"), command, lazily)
    _arrears(group(add, "arrears", "what plates still owe"), command, lazily, period)


def _merchants(add: Adder, command: Command, lazily: Lazily) -> None:
    for name, told in (("add", "take a merchant in"), ("change", "agree anew with a merchant")):
        new = command(add, name, told, lazily(_MERCHANTS, name))
        new.add_argument("name", metavar="NAME")
        new.add_argument("--manner", required=True, choices=("prepaid", "postpaid"), help="pays ahead, or by invoice")
        new.add_argument("--kinds", default="", metavar="LIST", help=f"what it may give at most: {_KIND_HELP}, …")
        new.add_argument("--limit", type=int, default=0, metavar="FEN", help="what a post-paid one may owe")
        new.add_argument("--per-plate", type=int, default=0, metavar="N", help="to a plate in 24 hours (0: no limit)")
        new.add_argument("--per-day", type=int, default=0, metavar="N", help="on a day in all (0: no limit)")
        new.add_argument("--stackable", action="store_true", help="they may go together with other vouchers")
        new.add_argument("--pays", type=int, default=100, metavar="PERCENT", help="its part; the rest is our discount")
        new.add_argument("--may-book", action="store_true", help="it is a host: it may announce visitors")
        new.add_argument("--book-open", type=int, default=0, metavar="N", help="who may still come (0: no limit)")
        new.add_argument("--book-per-day", type=int, default=0, metavar="N", help="announced on a day (0: no limit)")
        new.add_argument("--book-month", type=int, default=0, metavar="FEN", help="paid in a month (0: no limit)")
    old = command(add, "end", "end an agreement", lazily(_MERCHANTS, "end"))
    shown = command(add, "list", "show who gives vouchers and owes what", lazily(_MERCHANTS, "show"))
    shown.add_argument("--json", action="store_true", help="one JSON list for programs")
    paid = command(add, "paid", "enter what a merchant has paid", lazily(_MERCHANTS, "receive"))
    back = command(add, "repay", "give back what one that has ended paid ahead", lazily(_MERCHANTS, "repay"))
    made = command(add, "invoice", "invoice what its vouchers have let off", lazily(_MERCHANTS, "invoice"))
    made.add_argument("--json", action="store_true", help="one JSON object for programs")
    link = command(add, "link", "make the code that signs its staff in, once", lazily(_MERCHANTS, "link"))
    link.add_argument("--revoke", action="store_true", help="end the code, and whoever is signed in with it")
    for one in (old, paid, back, made, link):
        one.add_argument("name", metavar="NAME")
    paid.add_argument("fen", nargs="?", type=int, metavar="FEN", help="how much, if it is for no invoice")
    paid.add_argument("--invoice", metavar="ID", help="the invoice that it pays, whole")
    paid.add_argument("--note", metavar="TEXT")
    paid.add_argument("--into", choices=("bank", "safe"), default="bank")
    back.add_argument("--out-of", choices=("bank", "safe"), default="bank")


def _vouchers(add: Adder, command: Command, lazily: Lazily) -> None:
    new = command(add, "give", "give a voucher in a merchant's name", lazily(_MERCHANTS, "give"))
    new.add_argument("merchant", metavar="MERCHANT")
    new.add_argument("voucher", metavar="VOUCHER", help=_KIND_HELP)
    new.add_argument("--plate", metavar="PLATE", help="whose it is (default: a code is made, to be claimed)")
    new.add_argument("--hours", type=int, default=24, metavar="N", help="how long it is good (default: 24)")
    new.add_argument("--ticket", metavar="NAME", help="a ticket of the tariff")
    code = command(add, "claim", "bind a code to a plate", lazily(_MERCHANTS, "claim"))
    code.add_argument("code", metavar="CODE")
    code.add_argument("plate", metavar="PLATE")
    back = command(add, "withdraw", "take a voucher back that is not used up", lazily(_MERCHANTS, "withdraw"))
    back.add_argument("id", metavar="ID")
    back.add_argument("--why", required=True, metavar="TEXT")
    shown = command(add, "list", "show vouchers, the newest first", lazily(_MERCHANTS, "vouchers"))
    shown.add_argument("--merchant", metavar="NAME")
    shown.add_argument("--plate", metavar="PLATE")
    shown.add_argument("--json", action="store_true", help="one JSON list for programs")


def _bookings(add: Adder, command: Command, lazily: Lazily) -> None:
    new = command(add, "add", "announce a visitor", lazily(_BOOKINGS, "add"))
    old = command(add, "change", "announce anew who has not come yet", lazily(_BOOKINGS, "change"))
    old.add_argument("id", metavar="ID")
    for one in (new, old):
        one.add_argument("host", metavar="HOST", help="a merchant that may book: daozha merchant list")
        one.add_argument("plate", metavar="PLATE")
        one.add_argument("--from", dest="since", required=True, metavar="TIME", help="like '2026-05-01 08:00'")
        one.add_argument("--to", required=True, metavar="TIME", help="a moment, or the last day; site's time")
        one.add_argument("--pays", metavar="WHAT", help="none (default), full, minutes:120, money:2000 (fen)")
        one.add_argument("--entries", metavar="N", help="how often he may come, or any (default: 1)")
        one.add_argument("--note", metavar="TEXT", help="for the host's report")
    back = command(add, "withdraw", "take a booking back", lazily(_BOOKINGS, "withdraw"))
    back.add_argument("id", metavar="ID")
    shown = command(add, "list", "show bookings, the newest first", lazily(_BOOKINGS, "show"))
    shown.add_argument("--host", metavar="NAME")
    shown.add_argument("--plate", metavar="PLATE")
    shown.add_argument("--to-come", action="store_true", help="those whose cars may still come")
    shown.add_argument("--json", action="store_true", help="one JSON list for programs")
    many = command(add, "import", "announce all visitors of a CSV file, or none", lazily(_BOOKINGS, "import_file"))
    many.add_argument("file", type=Path, metavar="FILE", help="columns: host, plate, from, to, pays, entries, note")
    many.add_argument("--host", metavar="NAME", help="who announces those of whom the file names no host")


def _cards(add: Adder, command: Command, lazily: Lazily) -> None:
    command(add, "products", "show what the site sells", lazily(_CARDS, "products"))
    new = command(add, "sell", "sell a card", lazily(_CARDS, "sell"))
    new.add_argument("product", metavar="PRODUCT")
    new.add_argument("plates", nargs="+", metavar="PLATE")
    new.add_argument("--holder", metavar="TEXT", help="whose it is, like a flat's number")
    new.add_argument("--first", type=date.fromisoformat, metavar="DAY", help="from when on it holds (default: today)")
    more = command(add, "renew", "take money for a card's next days", lazily(_CARDS, "renew"))
    moved = command(add, "change-plate", "put another plate in one's place", lazily(_CARDS, "change_plate"))
    over = command(add, "end", "end a card and give back what it does not use", lazily(_CARDS, "end"))
    for one in (more, moved, over):
        one.add_argument("card", metavar="CARD")
    moved.add_argument("old", metavar="OLD")
    moved.add_argument("new", metavar="NEW")
    over.add_argument("--why", required=True, metavar="TEXT")
    over.add_argument("--out-of", choices=("bank", "safe"), default="safe", help="what was not paid by WeChat")
    for one in (new, more):
        one.add_argument("--into", choices=("bank", "safe"), default="safe")
    shown = command(add, "list", "show all cards", lazily(_CARDS, "show"))
    soon = command(add, "due", "show whom to remind that a card ends", lazily(_CARDS, "due"))
    soon.add_argument("--days", type=int, default=7, metavar="N", help="ending within so many days (default: 7)")
    for one in (shown, soon):
        one.add_argument("--json", action="store_true", help="one JSON list for programs")


def _arrears(add: Adder, command: Command, lazily: Lazily, period: Callable[[argparse.ArgumentParser], None]) -> None:
    shown = command(add, "list", "show who owes, the oldest debt first", lazily(_ARREARS, "show"))
    shown.add_argument("plate", nargs="?", metavar="PLATE")
    gone = command(add, "write-off", "give up what a stay owes", lazily(_ARREARS, "write_off"))
    gone.add_argument("stay", metavar="STAY")
    gone.add_argument("--why", required=True, metavar="TEXT")
    told = command(add, "report", "tell how much was left owing and came in after all", lazily(_ARREARS, "report"))
    period(told)
    for one in (shown, told):
        one.add_argument("--json", action="store_true", help="one JSON value for programs")

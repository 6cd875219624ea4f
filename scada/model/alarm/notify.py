"""Who is told of an alarm, and when: schedules, priorities, escalation. Functions of values."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from scada.model.alarm.kept import Kept

TRIES: Final = 10
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Rule:
    """Somebody is told of alarms of some priorities (and lanes, if named) on these days between these times.

    `after` is how long an alarm has to have been left unacknowledged: with it, one rule is another one's escalation.
    What was told is not told again within `again`, however often the alarm comes. Days: Monday is 0.
    """

    name: str
    priorities: frozenset[int]
    lanes: frozenset[str] = frozenset()
    days: frozenset[int] = frozenset(range(7))
    begins: time = time(0)
    ends: time = time(0)
    after: timedelta = timedelta()
    again: timedelta = timedelta(hours=1)


def is_wanted(rule: Rule, kept: Kept, local: datetime) -> bool:
    """Say whether a rule tells of an alarm that calls now; `local` is the site's own time."""
    if kept.priority not in rule.priorities or (rule.lanes and (kept.lane or "") not in rule.lanes):
        return False
    return is_on_duty(rule, local)


def is_on_duty(rule: Rule, local: datetime) -> bool:
    """Say whether a rule is in force: a night's duty belongs to the day on which it began."""
    now = local.time()
    if rule.begins == rule.ends:
        return local.weekday() in rule.days
    if rule.begins < rule.ends:
        return rule.begins <= now < rule.ends and local.weekday() in rule.days
    if now >= rule.begins:
        return local.weekday() in rule.days
    return now < rule.ends and (local - timedelta(days=1)).weekday() in rule.days


def pause(tries: int) -> timedelta:
    """Say how long to wait after so many failed tries."""
    doubled: int = 1 << max(0, tries - 1)
    return min(_FIRST_PAUSE * doubled, _LONGEST_PAUSE)

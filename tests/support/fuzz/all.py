"""Every target by its name."""

from tests.support.fuzz import eyes, field, machines, money, people, plant, sheets, ua_served, web
from tests.support.fuzz.target import Target

TARGETS: dict[str, Target] = {
    one.name: one
    for part in (field, money, eyes, sheets, web, people, plant, machines, ua_served)
    for one in part.TARGETS
}

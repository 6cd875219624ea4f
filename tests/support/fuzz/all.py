"""Every target by its name."""

from tests.support.fuzz import eyes, field, money, people, plant, sheets, web
from tests.support.fuzz.target import Target

TARGETS: dict[str, Target] = {
    one.name: one for part in (field, money, eyes, sheets, web, people, plant) for one in part.TARGETS
}

"""Every page of the control room: its address, and who may open it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hmi.handbook import topics
from plc.map.tagrow import COLUMNS
from plc.registers import Kind
from scada.model.rights import LOOK, Role, may

RICHEST: Final = Role.ADMINISTRATOR
ROLES: Final = tuple(role for role in Role if role is not Role.SYSTEM)
MISSING: Final = "there is no such page"
"""The right of a page that nobody can open, since there is none."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One page in one state; `{…}` in its address stands for something of the site."""

    path: str
    right: str = LOOK
    is_live: bool = True
    """It hears the plant over its socket."""
    is_text: bool = False
    """It is words and nothing else: two looks see all of it, and one role."""
    opens: str = ""
    """What is pressed before the page is looked at: a selector."""
    names: frozenset[str] = frozenset()
    """Words of this page that are the same in every language."""

    def status(self, role: Role) -> int:
        """Say how the control room answers a role."""
        if self.right == MISSING:
            return 404
        return 200 if may(role.value, self.right) else 403

    def at(self, found: Mapping[str, str]) -> str:
        """Give the address at this site."""
        return self.path.format_map(found)

    @property
    def name(self) -> str:
        """Name the page's pictures."""
        words = self.path.strip("/").translate({ord(sign): "-" for sign in "/?=&:,"})
        return (words.translate({ord("{"): None, ord("}"): None}) or "overview") + ("-opened" if self.opens else "")


_SETTINGS: Final = "audit"
_OF_MAPS: Final = frozenset((*COLUMNS, *(kind.value for kind in Kind), "colour"))
"""What stands in tag maps."""
STOPS: Final[Sequence[Stop]] = (
    Stop("/"),
    Stop("/desk"),
    Stop("/desk?case={case}", opens="desk-queue [data-case]"),
    Stop("/desk/shifts/{shift}", "desk_shift_sheet", is_live=False),
    Stop("/alarms"),
    Stop("/visitors", "bookings"),
    Stop("/visitors?which=all", "bookings"),
    Stop("/money", "statement"),
    Stop("/money/receipts/{receipt}", "receipt", is_live=False),
    Stop("/reports", "make_report"),
    Stop("/trends"),
    Stop("/trends?tag=site.stays_open&tag=out1.gate.up"),
    Stop("/stocktake", "stocktake"),
    Stop("/lanes/in1"),
    Stop("/lanes/out1"),
    Stop("/passages/{passage}"),
    Stop("/tags"),
    Stop("/devices"),
    Stop("/devices/plc1"),
    Stop("/maps"),
    Stop("/maps", opens="[data-proposal] [data-do=look]", names=_OF_MAPS),
    Stop("/recordings"),
    Stop("/wizard"),
    Stop("/wizard/in1"),
    Stop("/acceptance"),
    Stop("/acceptance/in1"),
    Stop("/cameras"),
    Stop("/diagnosis"),
    Stop("/settings/tariffs", _SETTINGS),
    Stop("/settings/tariffs/edit?key={tariff}", _SETTINGS),
    Stop("/settings/tariffs/compare?one={tariff}&other={draft}", _SETTINGS),
    Stop("/settings/cards", "cards"),
    Stop("/settings/cards?card={card}", "cards"),
    Stop("/settings/merchants", "merchants"),
    Stop("/settings/merchants?merchant={merchant}", "merchants"),
    Stop("/settings/lists", _SETTINGS),
    Stop("/settings/holidays", _SETTINGS),
    Stop("/settings/texts", _SETTINGS),
    Stop("/settings/site", _SETTINGS),
    Stop("/settings/cameras", "camera_aims"),
    Stop("/settings/audit", _SETTINGS),
    Stop("/settings/people"),
    Stop("/api"),
    Stop("/password", is_live=False),
    Stop("/help", is_live=False),
    *(Stop(f"/help/{topic}", is_live=False, is_text=True) for topic in topics() if topic not in ("training", "sites")),
    Stop("/sites"),
    Stop("/nowhere", MISSING, is_live=False),
)
ELSEWHERE: Final = {
    "training.page": "`tests.soak.lessons`: only a training has it",
    "training.record": "`tests.soak.lessons`: only a training has it",
    "auth.sign_in": "looked at by everybody who signs in",
}
"""Pages that the tour leaves out, and why."""

"""An operator's drawer: he keeps the money for which he has a receipt, and looks it up where he got no answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Drawer:
    """What lies in the drawer, by receipt; `asked` are takings whose answer he waits for."""

    kept: dict[str, int] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    doubts: int = 0
    wrong: list[str] = field(default_factory=list)

    def hears(self, said: Mapping[str, Any]) -> None:
        """Keep the money or hand it back; where nobody can tell, there is a doubt."""
        self.asked.remove(said["cash"])
        if said["receipt"]:
            self._keep(said["receipt"], said["fen"])
        elif not said["sure"]:
            self.doubts += 1

    def hears_nothing(self) -> None:
        """The plant has died: of all that was asked nobody can tell."""
        self.doubts += len(self.asked)
        self.asked.clear()

    def looks(self, receipts: Mapping[str, int]) -> None:
        """Compare with the receipts of the till: money of which nobody could tell is kept if it has one."""
        for lost in self.kept.keys() - receipts.keys():
            self.wrong.append(f"receipt {lost} was given out and is not in the books any more")
        new = receipts.keys() - self.kept.keys()
        if len(new) > self.doubts:
            self.wrong.append(f"receipts that nobody was given: {sorted(new)}")
        for one in new:
            self._keep(one, receipts[one])
        self.doubts = 0

    def _keep(self, receipt: str, fen: int) -> None:
        if receipt in self.kept:
            self.wrong.append(f"receipt {receipt} was given out twice")
        self.kept[receipt] = fen

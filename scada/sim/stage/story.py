"""What is known after a scenario: what really happened, and what the product wrote down meanwhile."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scada.model.handshake import CommandCode, RiseCause
from scada.sim.trial.facts import Facts
from scada.sim.trial.truth import Row, Truth

NOBODY: Row = {}


@dataclass(frozen=True, slots=True)
class Story:
    """Truth and tables since the scenario began. `cast` names its cars by their roles; `notes` are its own."""

    truth: Truth
    facts: Facts
    cast: Mapping[str, str]
    way: tuple[str, str] = ("in1", "out1")
    notes: Mapping[str, object] = field(default_factory=dict)

    def went(self, role: str) -> list[str]:
        """Give the lanes that a car went through."""
        return [lane for car, lane in self.truth.passed if car == self._car(role)]

    def is_out(self, role: str) -> bool:
        """Say whether a car came in and went out, once each."""
        return self.went(role) == list(self.way)

    def passages(self, role: str, lane: str) -> list[Row]:
        """Give a car's passages in a lane, as they are on record."""
        return [row for row in self.facts.passages if row["lane"] == lane and self._owner(row) == self._car(role)]

    def openings(self, role: str, lane: str) -> int:
        """Say how often a lane was commanded to open for a car."""
        return sum(
            row["lane"] == lane
            and row["code"] == CommandCode.OPEN
            and row["state"] != "NOT_DONE"
            and self._owner(row) == self._car(role)
            for row in self.facts.intents
        )

    def rises(self, lane: str, *causes: RiseCause) -> list[Row]:
        """Give the rises of a boom that truly happened, for these causes or for any."""
        return [row for row in self.truth.rises if row["lane"] == lane and (not causes or row["cause"] in causes)]

    def stays(self, role: str) -> list[Row]:
        """Give the stays that began with a car."""
        began = {row["id"] for row in self.facts.passages if self._owner(row) == self._car(role)}
        return [row for row in self.facts.stays if row["entry_passage"] in began]

    def stay(self, role: str) -> Row:
        """Give the one stay of a car; an empty row if it is not one."""
        found = self.stays(role)
        return found[0] if len(found) == 1 else NOBODY

    def ending(self, role: str) -> object:
        """Say how a car's stay ended."""
        return self.stay(role).get("ending")

    def orders(self, role: str) -> list[Row]:
        """Give the orders for a car's stay."""
        return [row for row in self.facts.orders if row["stay"] == self.stay(role).get("id", "")]

    def settlements(self, role: str, *, surplus: bool = False) -> list[Row]:
        """Give the payments that were credited to a car's stay, or what was paid too much."""
        of = self.stay(role).get("id", "")
        return [row for row in self.facts.settlements if row["stay"] == of and bool(row["surplus_fen"]) is surplus]

    def requests(self, role: str) -> list[str]:
        """Say what became of the gate-open requests for a car's stay."""
        of = self.stay(role).get("id", "")
        return [str(row["state"]) for row in self.facts.requests if row["stay"] == of]

    def alarms(self, lane: str | None = None) -> Counter[str]:
        """Count the alarms by their codes."""
        rows = (row for row in self.facts.journal if row["kind"] == "alarm" and lane in (None, row["lane"]))
        return Counter(str(row["what"]) for row in rows)

    def cases(self, lane: str) -> list[str]:
        """Say why a person was called to a lane."""
        return [str(row["why"]) for row in self.facts.cases if row["lane"] == lane]

    def _car(self, role: str) -> str:
        """Give a role's car; an empty name if the scenario ended before it came."""
        return self.cast.get(role, "")

    def _owner(self, row: Row) -> str | None:
        number = row["number"]
        return self.truth.owners.get((str(row["lane"]), number)) if isinstance(number, int) else None


def since(facts: Facts, at: datetime) -> Facts:
    """Leave out of the tables what is older."""

    def newer(rows: Sequence[Row], column: str) -> list[Row]:
        return [row for row in rows if isinstance(row[column], datetime) and row[column] >= at]  # type: ignore[operator]

    return replace(
        facts,
        stays=newer(facts.stays, "entered_at"),
        passages=newer(facts.passages, "began_at"),
        rises=newer(facts.rises, "at"),
        intents=newer(facts.intents, "made_at"),
        settlements=newer(facts.settlements, "settled_at"),
        orders=newer(facts.orders, "made_at"),
        journal=newer(facts.journal, "at"),
        requests=newer(facts.requests, "made_at"),
        cases=newer(facts.cases, "opened_at"),
        doubts=newer(facts.doubts, "at"),
    )

"""Stories for the verdicts of scenarios: cars in and out on a good day, and whatever a test changes of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from scada.sim.stage.story import Story
from scada.sim.trial.facts import Facts
from scada.sim.trial.truth import truth_of

AT = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
Row = dict[str, object]


@dataclass
class Tale:
    """Truth and tables as lists of rows. Roles are cars' names, too."""

    truth: list[Row] = field(default_factory=list)
    stays: list[Row] = field(default_factory=list)
    passages: list[Row] = field(default_factory=list)
    rises: list[Row] = field(default_factory=list)
    intents: list[Row] = field(default_factory=list)
    settlements: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    journal: list[Row] = field(default_factory=list)
    entries_made: list[Row] = field(default_factory=list)
    postings: list[Row] = field(default_factory=list)
    doubts: list[Row] = field(default_factory=list)
    cast: dict[str, str] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)
    way: tuple[str, str] = ("in1", "out1")

    def visit(
        self,
        role: str,
        *,
        read_by: str = "camera",
        paid_fen: int = 500,
        arrears_fen: int | None = None,
        ending: str | None = "EXIT",
        led: bool = True,
    ) -> None:
        """A car comes in, pays if it owes, and leaves; not `led`: the exit was not opened for it."""
        entry = self.passes(role, self.way[0], read_by=read_by)
        self.leaves(role, entry, read_by=read_by, paid_fen=paid_fen, arrears_fen=arrears_fen, ending=ending, led=led)

    def leaves(
        self,
        role: str,
        entry: str,
        *,
        read_by: str = "camera",
        paid_fen: int = 500,
        arrears_fen: int | None = None,
        ending: str | None = "EXIT",
        led: bool = True,
    ) -> None:
        """A car that came in by the passage `entry` pays and leaves."""
        leave = self.passes(role, self.way[1], read_by=read_by, led=led)
        owed_fen = 500 - paid_fen if arrears_fen is None else arrears_fen
        self.stays.append(
            {"id": f"stay-{role}", "entry_passage": entry, "exit_passage": leave, "ending": ending}
            | {
                "fee_fen": 500,
                "paid_fen": paid_fen,
                "arrears_fen": owed_fen,
            }
        )
        if paid_fen:
            self.pays(role)

    def passes(
        self,
        role: str,
        lane: str,
        *,
        read_by: str = "camera",
        outcome: str = "FORWARD",
        note: str = "",
        led: bool = True,
    ) -> str:
        """A car goes through a lane: truth, passage, and where it is `led`, command and rise."""
        number = 1 + sum(row["lane"] == lane for row in self.passages)
        self.cast.setdefault(role, role)
        self.truth.append({"what": "passage", "lane": lane, "number": number, "car": role, "at_s": 0.0})
        if led:
            self.rise(lane, number=number, car=role)
            self.intents.append({"lane": lane, "number": number, "code": 1, "state": "DONE"})
        if outcome in ("FORWARD", "UNCERTAIN"):
            self.truth.append({"what": "passed", "lane": lane, "car": role, "at_s": 1.0})
        self.passages.append(
            {"id": f"{lane}-{number}", "lane": lane, "number": number, "outcome": outcome, "note": note}
            | {"read_by": read_by, "plate": role, "stay": f"stay-{role}" if lane == self.way[1] else None}
        )
        return f"{lane}-{number}"

    def rise(self, lane: str, *, number: int = 0, cause: int = 1, car: str | None = None) -> None:
        """The boom rises, and is on record."""
        self.truth.append(
            {"what": "rise", "lane": lane, "count": len(self.rises) + 1, "cause": cause, "number": number, "car": car}
            | {"age_s": 0.0, "at_s": 0.0}
        )
        self.rises.append({"lane": lane, "count": len(self.rises) + 1, "cause": cause, "number": number})

    def pays(self, role: str, *, surplus: bool = False, source: str = "notice") -> None:
        """A payment for a car's stay is settled."""
        self.settlements.append(
            {
                "stay": f"stay-{role}",
                "amount_fen": 500,
                "surplus_fen": 500 if surplus else 0,
                "source": source,
                "paid_at": AT,
            }
        )
        self.requests.append({"stay": f"stay-{role}", "state": "TAKEN"})

    def alarm(self, code: str, lane: str = "out1") -> None:
        """An alarm is raised."""
        self.journal.append({"kind": "alarm", "what": code, "lane": lane, "at": AT})

    def told(self) -> Story:
        """Give the story."""
        facts = Facts(
            stays=self.stays,
            passages=self.passages,
            rises=self.rises,
            intents=self.intents,
            settlements=self.settlements,
            orders=self.orders,
            journal=self.journal,
            requests=self.requests,
            cases=self.cases,
            entries_made=self.entries_made,
            postings=self.postings,
            doubts=self.doubts,
            entries=frozenset({"in1"}),
        )
        return Story(truth_of(self.truth), facts, self.cast, self.way, self.notes)

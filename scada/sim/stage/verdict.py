"""A scenario's verdict in words: what was found, one thing after the other, and whether all was as expected."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happened, and whether it should have."""

    happened: str
    ok: bool


@dataclass(slots=True)
class Findings:
    """Collects what was found. Nothing found is no good verdict."""

    said: list[str] = field(default_factory=list)
    good: bool = True

    def want(self, so: bool, yes: str, no: str) -> None:
        """Say what is so; it should be the first."""
        self.said.append(yes if so else no)
        self.good &= so

    def same(self, what: str, found: object, wanted: object) -> None:
        """Say what was found; it should be what was wanted."""
        self.want(found == wanted, f"{what}: {_word(found)}", f"{what}: {_word(found)}, not {_word(wanted)}")

    def verdict(self) -> Verdict:
        """Give what was found."""
        return Verdict("; ".join(self.said), self.good and bool(self.said))


def _word(value: object) -> str:
    return "none" if value in (None, "", [], ()) else str(value)

"""What a driver counts of its link."""

from collections import deque
from dataclasses import dataclass, field

from scada.model.device import DeviceFigures, LinkState

SCANS_KEPT = 1000
"""Scans of each class whose times are kept."""


@dataclass(slots=True)
class Tally:
    """The figures of one link as they grow; `DeviceFigures` says what each means."""

    device: str
    state: LinkState = LinkState.DOWN
    address: str = ""
    scan_ms: float = 0.0
    round_trip_ms: float = 0.0
    late_scans: int = 0
    reads: int = 0
    writes: int = 0
    errors: int = 0
    refusals: int = 0
    connects: int = 0
    holes: int = 0
    why: str = ""
    scans: dict[str, deque[float]] = field(default_factory=dict)

    def connected(self, address: str) -> None:
        """Note that a link has come about."""
        self.state, self.address, self.why = LinkState.UP, address, ""
        self.connects += 1

    def scanned(self, scan: str, took_s: float) -> None:
        """Note how long a whole scan of a class took."""
        if scan not in self.scans:
            self.scans[scan] = deque(maxlen=SCANS_KEPT)
        self.scans[scan].append(took_s * 1000)

    def lost(self, state: LinkState, why: str) -> None:
        """Note that a link has ended, or did not come about."""
        self.state, self.why = state, why
        self.errors += 1

    def figures(self, waiting: int, is_still: bool = False) -> DeviceFigures:
        """Show them as they are now; `is_still`: a heartbeat of the PLC stands still."""
        return DeviceFigures(
            device=self.device,
            state=LinkState.STILL if is_still and self.state is LinkState.UP else self.state,
            address=self.address,
            scan_ms=self.scan_ms,
            round_trip_ms=self.round_trip_ms,
            late_scans=self.late_scans,
            reads=self.reads,
            writes=self.writes,
            errors=self.errors,
            refusals=self.refusals,
            connects=self.connects,
            waiting=waiting,
            holes=self.holes,
            why=self.why,
            scans=self.scans,
        )

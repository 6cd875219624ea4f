"""What a lane sees of its PLC at one moment."""

from dataclasses import dataclass

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.tag import Quality


@dataclass(frozen=True, slots=True)
class Signal:
    """A contact: on or off, and whether that may be believed."""

    on: bool
    quality: Quality = Quality.GOOD

    @property
    def is_on(self) -> bool:
        """On, for certain."""
        return self.on and self.quality.is_good

    @property
    def is_off(self) -> bool:
        """Off, for certain. An unknown signal is neither on nor off."""
        return not self.on and self.quality.is_good


OFF = Signal(on=False)
UNKNOWN = Signal(on=False, quality=Quality.NOT_CONNECTED)


@dataclass(frozen=True, slots=True)
class LaneImage:
    """All that the PLC says of a lane, from one scan or one set of notifications.

    `alive`: the link is good and `hb.plc` moves. `claimed`: `claim.now` shows our own number.
    Passage numbers: 0 is none.
    """

    approach: Signal
    safety: Signal
    up: Signal
    down: Signal
    close_permit: Signal
    mode: Mode
    passage_now: int
    passage_next: int
    passage_last: int
    outcome: PassageOutcome
    rise_count: int
    rise_cause: RiseCause
    rise_passage: int
    alive: bool
    claimed: bool
    beam: Signal = OFF
    attached: Signal = Signal(on=True)
    closing: Signal = OFF
    drive_fault: Signal = OFF
    inner_side: bool = False
    """The live passage began on the inner side of a two-way lane."""

    @property
    def stand(self) -> Signal:
        """The loop on which the live passage's car stands: the approach loop, from the inner side the closing one."""
        return self.closing if self.inner_side else self.approach

    @property
    def is_up(self) -> bool:
        """The boom is up, for certain: one that is at both limits is at neither."""
        return self.up.is_on and not self.down.is_on


DARK = LaneImage(
    approach=UNKNOWN,
    safety=UNKNOWN,
    up=UNKNOWN,
    down=UNKNOWN,
    close_permit=UNKNOWN,
    mode=Mode.RESYNC,
    passage_now=0,
    passage_next=0,
    passage_last=0,
    outcome=PassageOutcome.NONE,
    rise_count=0,
    rise_cause=RiseCause.NONE,
    rise_passage=0,
    alive=False,
    claimed=False,
    beam=UNKNOWN,
    attached=UNKNOWN,
    closing=UNKNOWN,
    drive_fault=UNKNOWN,
)
"""Nothing is known of the PLC yet, or any more."""

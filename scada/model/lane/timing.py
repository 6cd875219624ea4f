"""How long a lane waits (`lanes.md` §5, the defaults and their grounds). Seconds, all per lane.

What only the PLC times (`t_glitch`, `t_gone`, `t_clear`) stands in the PLC.
"""

from dataclasses import dataclass

from scada.model.lane.length import USUAL, Geometry
from scada.model.money import NOTHING, Fen


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner of a lane has decided for the times when something is missing (`operations.md` §6).

    `release_cap_fen`: up to this much, a car whose order WeChat does not make is let out with arrears; 0: never.
    `admit_unread`: an entry whose cameras are off opens and takes a picture. `hold_broken_open`: a lane whose boom
    is off its mount is held open; otherwise its light stays red.
    """

    release_cap_fen: Fen = NOTHING
    admit_unread: bool = False
    hold_broken_open: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """A lane's waits in seconds of monotonic time, its least sign probability, its policy, where its loops lie."""

    t_read_s: float = 2.0
    t_help_s: float = 20.0
    """Then a case opens by itself: 20 at an entry, 60 at an exit."""
    t_quote_s: float = 90.0
    t_answer_s: float = 5.0
    """How long billing may take to answer a question of the lane; it is asked once more, then a person decides."""
    t_request_s: float = 30.0
    t_authorised_s: float = 30.0
    """Life of an authorisation that is not yet turned into a command."""
    t_ttl_s: float = 2.0
    """Life of a command to the PLC; it refuses more than 5 s."""
    t_ack_s: float = 0.5
    t_open_s: float = 6.0
    t_close_s: float = 6.0
    t_pass_s: float = 45.0
    t_under_s: float = 30.0
    t_annul_s: float = 60.0
    """A stay that has just begun is annulled if its car reverses out again within this time."""
    t_stuck_approach_s: float = 600.0
    t_stuck_safety_s: float = 300.0
    t_again_s: float = 10.0
    """How often a full car park is asked again."""
    confidence: float = 0.8
    agreeing: int = 2
    """How many frames must agree on a plate (`lanes.md` §6, Identifying)."""
    policy: Policy = Policy()
    geometry: Geometry = USUAL

"""How long a lane waits (`lanes.md` §5, the defaults and their grounds). Seconds, all per lane.

What only the PLC times (`t_glitch`, `t_gone`, `t_clear`) stands in the PLC.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """The waits of one lane, in seconds of monotonic time, and `confidence`, the least sign probability."""

    t_read_s: float = 2.0
    t_help_s: float = 20.0
    """Then a case opens by itself: 20 at an entry, 60 at an exit."""
    t_quote_s: float = 90.0
    t_answer_s: float = 5.0
    """How long billing may take to answer a question of the lane; it is asked once more, then a person decides."""
    t_request_s: float = 30.0
    t_authorised_s: float = 30.0
    """Life of an authorisation that is not yet turned into a command."""
    t_ack_s: float = 0.5
    t_open_s: float = 6.0
    t_close_s: float = 6.0
    t_pass_s: float = 45.0
    t_under_s: float = 30.0
    confidence: float = 0.8
    agreeing: int = 2
    """How many frames must agree on a plate (`lanes.md` §6, Identifying)."""

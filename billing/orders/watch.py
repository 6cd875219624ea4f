"""When an order is asked for. An order in doubt is asked for soon and often, then each minute until it has ended."""

from dataclasses import dataclass
from typing import Final

ASK_AFTER_S: Final = (3.0, 6.0, 12.0)
"""When to ask for an open order that no notice came for, from the moment it was made."""
DOUBT_AFTER_S: Final = (1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
"""When to ask for one of which nobody knows whether WeChat has it, or whether its close took effect."""
ASK_EVERY_S: Final = 60.0


@dataclass(slots=True)
class Watch:
    """When an order is asked for next, by a plan of seconds after `since_s`; `sent_s` is when it was last sent."""

    plan: tuple[float, ...]
    since_s: float
    next_s: float
    sent_s: float
    asks: int = 0
    told: bool = False
    """A person was told that it hangs."""

    @classmethod
    def begin(cls, plan: tuple[float, ...], now_s: float) -> "Watch":
        """Watch an order from now on."""
        return cls(plan, now_s, now_s + plan[0], now_s)

    def follow(self, plan: tuple[float, ...], now_s: float) -> None:
        """Go over to another plan, unless it is followed already."""
        if plan != self.plan:
            self.plan, self.since_s, self.asks = plan, now_s, 0
            self.next_s = min(self.next_s, now_s + plan[0])

    def asked(self, now_s: float) -> None:
        """Find out when to ask next."""
        self.asks += 1
        if self.asks < len(self.plan):
            self.next_s = max(self.since_s + self.plan[self.asks], now_s + self.plan[0])
        else:
            self.next_s = now_s + ASK_EVERY_S

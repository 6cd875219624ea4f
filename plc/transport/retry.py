"""How long to wait before connecting again: 0.2 s, doubling to 5 s, never in step with other devices."""

import random

FIRST_S = 0.2
LAST_S = 5.0


class BackOff:
    """The waits of one link; `reset` after it has worked."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def next_s(self) -> float:
        """Give the next wait, with up to a quarter more or less."""
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, LAST_S)
        return wait_s * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """Begin with the short wait again."""
        self._next_s = FIRST_S

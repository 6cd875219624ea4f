"""Virtual time: what shall happen when. Happenings of one moment come in the order in which they were asked for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush

Work = Callable[..., None]


class Agenda:
    """The clock of the virtual car park; it moves only from one happening to the next."""

    def __init__(self, began_at: datetime) -> None:
        self.now_ms = 0
        self._began_at = began_at
        self._asked = 0
        self._due: list[tuple[int, int, Work, tuple[object, ...]]] = []

    @property
    def now_s(self) -> float:
        """The moment in monotonic seconds."""
        return self.now_ms / 1000

    @property
    def now(self) -> datetime:
        """The moment in aware UTC."""
        return self.at(self.now_ms)

    def at(self, moment_ms: int) -> datetime:
        """Give a moment in aware UTC."""
        return self._began_at + timedelta(milliseconds=moment_ms)

    def after(self, wait_ms: float, work: Work, *with_what: object) -> None:
        """Let something happen `wait_ms` from now."""
        self._asked += 1
        heappush(self._due, (self.now_ms + max(0, int(wait_ms)), self._asked, work, with_what))

    def run_until(self, end_ms: int) -> None:
        """Let everything happen that is due up to and including a moment."""
        while self._due and self._due[0][0] <= end_ms:
            self.now_ms, _, work, with_what = heappop(self._due)
            work(*with_what)
        self.now_ms = end_ms

"""The one thread that writes. Each call is made inside a transaction, and is answered when that is on disk.

Calls that give way share transactions. Each still has its own outcome: where one of them fails, every one is
written by itself.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Generic, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine

from scada.store.sql.errors import StoreError
from scada.store.sql.turns import AGAIN_S, Turns

T = TypeVar("T")
P = ParamSpec("P")
Work = Callable[[Connection], T]
Transact = Callable[[Engine, Work[list[Any]]], list[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted(Generic[T]):
    """A call that somebody waits for."""

    call: Callable[[], T]
    gives_way: bool
    told: Future[T] = field(default_factory=Future)


_Box = SimpleQueue[_Wanted[Any] | None]


class Queue(Executor):
    """One of the two queues before the pen."""

    def __init__(self, box: _Box, *, gives_way: bool) -> None:
        self._box = box
        self._gives_way = gives_way

    def submit(self, call: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> Future[T]:
        """Have a call made in a transaction; it may be made again after the first one was undone."""
        wanted = _Wanted(partial(call, *args, **named), self._gives_way)
        self._box.put(wanted)
        return wanted.told


class Pen:
    """The writer's thread, its engine, and the queues before it: `first`, and `others` who give way."""

    def __init__(
        self, make_engine: Callable[[], Engine], transact: Transact, name: str, again_s: float = AGAIN_S
    ) -> None:
        self._make_engine = make_engine
        self._transact = transact
        self._box: _Box = SimpleQueue()
        self._turns: Turns[_Wanted[Any]] = Turns(again_s)
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._connection: Connection | None = None
        self.first = Queue(self._box, gives_way=False)
        self.others = Queue(self._box, gives_way=True)

    def open(self) -> None:
        """Begin."""
        self._engine = self._make_engine()
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then end."""
        self._box.put(None)
        self._thread.join()
        self._engine.dispose()

    def on(self, work: Work[T]) -> T:
        """Do `work` in the transaction in which this is called."""
        if self._connection is None:
            raise RuntimeError("only what the pen calls has a transaction")
        return work(self._connection)

    # --- in the thread ---

    def _run(self) -> None:
        while self._hear(self._turns.wait_s(monotonic())) or not self._turns.is_empty:
            if (one := self._turns.alone(monotonic())) is not None:
                self._write([one], lambda _already: None)
                self._turns.written(monotonic())
            elif (one := self._turns.sharing(monotonic(), 0)) is not None:
                self._write([one], self._another)

    def _hear(self, wait_s: float | None) -> bool:
        """Take in all that has come, or wait for it; False: it is the end."""
        try:
            wanted = self._box.get(block=wait_s != 0, timeout=wait_s)
            while wanted is not None:
                self._turns.add(wanted, monotonic(), gives_way=wanted.gives_way)
                wanted = self._box.get_nowait()
        except Empty:
            return True
        self._box.put(None)
        return False

    def _another(self, already: int) -> _Wanted[Any] | None:
        self._hear(0)
        return self._turns.sharing(monotonic(), already)

    def _write(self, group: list[_Wanted[Any]], another: Callable[[int], _Wanted[Any] | None]) -> None:
        """Write a group in one transaction, and whoever comes while it is open and may join."""
        group = [one for one in group if one.told.set_running_or_notify_cancel()]

        def work(connection: Connection) -> list[Any]:
            self._connection = connection
            done = [one.call() for one in group]
            while (one := another(len(group))) is not None:
                if one.told.set_running_or_notify_cancel():
                    group.append(one)
                    done.append(one.call())
            return done

        if group:
            self._end(group, work)

    def _end(self, group: Sequence[_Wanted[Any]], work: Work[list[Any]]) -> None:
        """Tell all what came of it. Any failure but the store's own is the fault of one: all are written anew."""
        try:
            done = self._transact(self._engine, work)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it rises where the call came from
            if len(group) == 1 or isinstance(error, StoreError):
                for one in group:
                    one.told.set_exception(error)
            else:
                for one in group:
                    self._end([one], partial(self._alone, one))
        else:
            for one, answer in zip(group, done, strict=True):
                one.told.set_result(answer)
        finally:
            self._connection = None

    def _alone(self, one: _Wanted[T], connection: Connection) -> list[T]:
        self._connection = connection
        return [one.call()]

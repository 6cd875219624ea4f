"""The fence around the tables: a server that has been deposed commits nothing any more (docs/decisions/0075).

Each transaction of a leader locks the lease's row against being taken, and finds its own number there. So whoever
takes the lease waits for what is being committed, and what begins afterwards finds another number.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, event, select

from scada.store.schema.standby import lease
from scada.store.sql.errors import Deposed


@dataclass(frozen=True, slots=True)
class Fence:
    """A lead: of which site, and its number."""

    site: str
    epoch: int

    @property
    def name(self) -> str:
        """How the leader's connections call themselves that lock, so that whoever follows it can have them ended."""
        return f"daozha leader {self.epoch}"


def put_fence(engine: Engine, fence: Fence) -> None:
    """Let every transaction of a writing engine begin with the question whether its server still leads."""
    event.listen(engine, "connect", partial(_name, fence))
    event.listen(engine, "begin", partial(_ask, fence))


def _name(fence: Fence, connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    connection.autocommit = True
    connection.execute("SELECT set_config('application_name', %s, false)", (fence.name,))
    connection.autocommit = False


def _ask(fence: Fence, connection: Connection) -> None:
    mine = (lease.c.site == fence.site) & (lease.c.epoch == fence.epoch)
    if connection.scalar(select(lease.c.epoch).where(mine).with_for_update(read=True, key_share=True)) is None:
        raise Deposed(f"another server leads {fence.site} since the lease {fence.epoch} ended: nothing was written")

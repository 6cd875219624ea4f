"""Every tag change goes to history, but for what says who somebody is."""

from scada.engine.lanetags import PERSONAL
from scada.engine.mailbox import Mailbox, Spill
from scada.engine.tags import Batch, TagTable
from scada.model.figures import BUSY, GROUP, RECORDING
from scada.model.tag import TagName, lane_of, point_of
from scada.ports import Historian

BOX = 4096


class Recorder:
    """Reads the table's changes and hands them to the historian."""

    def __init__(self, tags: TagTable, historian: Historian) -> None:
        self._box: Mailbox[Batch] = Mailbox("history", BOX, Spill(self._record))
        self.deepest = self._box.deepest
        self._historian = historian
        self.changes = 0
        """Changes since the start."""
        tags.subscribe(self._box)

    async def run(self) -> None:
        """Record until cancelled."""
        async for batch in self._box:
            self._record(batch)

    def _record(self, batch: Batch) -> None:
        told = [(name, value) for name, value in batch.items() if _is_history(name)]
        self.changes += len(told)
        if told:
            self._historian.record(told)


def _is_history(name: TagName) -> bool:
    if lane_of(name) == GROUP:
        return name.rpartition(".")[2] not in BUSY
    return point_of(name) not in PERSONAL | RECORDING

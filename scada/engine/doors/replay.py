"""Replaying a passage: who does is written down first, and who need not see plates sees none unless he says what for.

The recording itself is read by the web process, on a connection that cannot write: no lane waits for it.
"""

from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, Handler
from scada.engine.doors.plates import may_see_plates
from scada.model.names import PassageId
from scada.ports import Journal, JournalEntry
from scada.store.operators import Operators

_PURPOSE, _ID = 200, 64


class ReplayDesk:
    """The control room's verb by which a passage may be looked at again."""

    def __init__(self, journal: Journal, operators: Operators) -> None:
        self._journal = journal
        self._operators = operators

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"replay_passage": self._replay}

    async def _replay(self, ask: Ask) -> object:
        return {"covered": (await self.look(ask))[1]}

    async def look(self, ask: Ask) -> tuple[PassageId, bool]:
        """Write down who looks at which passage; say whether plates are covered for him."""
        passage, purpose = PassageId(text_of(ask, "passage")[:_ID]), str(ask.args.get("purpose", "")).strip()[:_PURPOSE]
        covered = not purpose and not await may_see_plates(self._operators, ask)
        body: dict[str, object] = {"covered": covered, "purpose": purpose}
        await self._journal.append([JournalEntry("look", ask.user, "passage replayed", None, passage, body)])
        return passage, covered

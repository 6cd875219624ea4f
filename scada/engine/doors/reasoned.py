"""Verbs that change something a person can look at: asked with a reason, written down with what stood before."""

from collections.abc import Awaitable, Callable, Mapping

from scada.engine.doors.asked import LONGEST_NOTE, text_of
from scada.engine.doors.peer import Ask, Handler
from scada.model.changes import changes
from scada.ports import Journal, JournalEntry

Look = Callable[[Ask, object], Awaitable[object]]
"""Gives what a verb is about, as people read it; the second argument is what the verb answered, None before that."""


def reasoned(journal: Journal, look: Look, verbs: Mapping[str, Handler]) -> dict[str, Handler]:
    """Ask for a reason before each of these verbs, and write down afterwards what it has changed."""
    return {verb: _reasoned(journal, look, handler) for verb, handler in verbs.items()}


def _reasoned(journal: Journal, look: Look, handler: Handler) -> Handler:
    async def do(ask: Ask) -> object:
        reason, before = text_of(ask, "reason").strip()[:LONGEST_NOTE], await look(ask, None)
        answer = await handler(ask)
        told = [one.to_json() for one in changes(before, await look(ask, answer))]
        body: dict[str, object] = {"reason": reason, **_named(ask), "changes": told}
        await journal.append([JournalEntry("person", ask.user, ask.verb.replace("_", " "), body=body)])
        return answer

    return do


def _named(ask: Ask) -> dict[str, object]:
    return {name: ask.args[name] for name in ("card", "merchant", "name", "voucher", "means") if name in ask.args}

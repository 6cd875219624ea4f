"""The control room's verbs about tags: what each is, where it lives, and how far it is to be believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.tags import TagTable
from scada.model.tag import TagName, TagSpec

MOST_NAMES = 200
"""Tags that one ask may be about: what a screen shows."""

Place = tuple[str, str]
"""Where a tag lives, as a technician writes it, and its class; both empty for the server's own."""


@dataclass(frozen=True, slots=True)
class TagDesk:
    """Answers about tags. `place` gives a tag's address and class from the map."""

    tags: TagTable
    place: Callable[[TagName], Place]

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {"tag_facts": self._facts}

    async def _facts(self, ask: Ask) -> object:
        """Say what the named tags are; a name that is no tag is left out."""
        names = ask.args.get("names")
        if not isinstance(names, list) or len(names) > MOST_NAMES:
            raise BridgeRefusal("bad_args", f"names: a list of at most {MOST_NAMES}")
        known = (TagName(name) for name in names if isinstance(name, str) and name in self.tags)
        return {name: self._fact(self.tags.spec(name)) for name in known}

    def _fact(self, spec: TagSpec) -> dict[str, object]:
        address, scan = self.place(spec.name)
        shown = self.tags.get(spec.name)
        return {
            "device": spec.device,
            "address": address,
            "class": scan,
            "access": spec.access.value,
            "unit": spec.unit,
            "stale_s": spec.stale_s,
            "safe": spec.safe,
            "description": spec.description,
            "description_zh": spec.description_zh,
            "source_at": shown.source_at.isoformat() if shown.source_at else None,
        }

"""What a driver has told of its device: so that a lost link can be told of every tag, and a quiet one stays fresh."""

from collections.abc import Iterable, Sequence

from scada.model.tag import Quality, TagName, TagUpdate
from scada.ports import TagSink


class Published:
    """The last update of each tag that a driver reads, and the way to the sink."""

    def __init__(self, names: Iterable[TagName], sink: TagSink) -> None:
        self._sink = sink
        self._last = {name: TagUpdate(name, None, Quality.NOT_CONNECTED) for name in names}

    def tell(self, updates: Sequence[TagUpdate], unchanged: Iterable[TagName] = ()) -> None:
        """Publish what was seen in one scan, in one call; of `unchanged` tags only the age begins anew."""
        fresh = {update.name for update in updates}
        self._last.update((update.name, update) for update in updates)
        seen = [*updates, *(self._last[name] for name in unchanged if name not in fresh)]
        if seen:
            self._sink(seen)

    def bad(self, names: Iterable[TagName], quality: Quality) -> list[TagUpdate]:
        """Make updates that say these tags cannot be trusted now, and why; the values last known stay."""
        return [self._last[name]._replace(quality=quality, source_at=None) for name in names]

    def all_bad(self, quality: Quality) -> None:
        """Publish that nothing of the device can be trusted."""
        self.tell(self.bad(self._last, quality))

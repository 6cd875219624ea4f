"""The plant's end of the serving process: the served tags, which of them there are, and who may read them.

Nothing can be asked here that changes anything: other systems only look (decision 24).
"""

from collections.abc import Mapping

from plc.serve.catalogue import Served
from scada.clock import Clock
from scada.config import Config
from scada.engine.bridge import Ask, BridgeRefusal, BridgeServer, Handler
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.tags import TagTable
from scada.model.rights import READ_SERVED
from scada.model.tag import TagName, TagValue
from scada.store.operators import Operators, SignInRefused

APP = "serve"
PAGE = 500
"""Tags of the catalogue in one answer."""
MOST_TAGS = 1_000_000
MOST_NAMES = 1000


def door(
    config: Config,
    clock: Clock,
    tags: TagTable,
    catalogue: Mapping[TagName, Served],
    operators: Operators,
    hello: Mapping[str, object],
) -> BridgeServer:
    """Build the door; it tells the served tags only."""
    names = frozenset(catalogue)
    return BridgeServer(config.socket(APP), APP, _verbs(catalogue, operators), hello, clock, tags, names, row_of)


def row_of(name: TagName, value: TagValue) -> tuple[object, ...]:
    """Write one tag for other systems: the device's own time if it gives one; none if it was never seen."""
    at = value.source_at or value.seen_at
    return (name, value.value, value.quality.status_code, at.timestamp() if value.seq else None)


def _verbs(catalogue: Mapping[TagName, Served], operators: Operators) -> dict[str, Handler]:
    listed = [tag.as_json() for tag in catalogue.values()]

    async def page(ask: Ask) -> object:
        first = whole_number(ask, "first", 0, MOST_TAGS)
        return {"tags": listed[first : first + PAGE], "total": len(listed)}

    async def let_in(ask: Ask) -> object:
        found = await operators.let_in(text_of(ask, "name"), text_of(ask, "password"), text_of(ask, "address"))
        if isinstance(found, SignInRefused):
            raise BridgeRefusal("refused", found.why)
        return {"name": found.name}

    async def still_in(ask: Ask) -> object:
        names = ask.args.get("names")
        if not isinstance(names, list) or len(names) > MOST_NAMES:
            raise BridgeRefusal("bad_args", "names must be a list of names")
        return [name for name in names if isinstance(name, str) and await operators.may_now(name, READ_SERVED)]

    return {"catalogue": page, "let_in": let_in, "still_in": still_in}

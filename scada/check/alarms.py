"""The site's own alarms: each is raised by something that is there."""

from collections.abc import Iterator

from plc import tagmap
from scada.check.mistakes import Mistake
from scada.check.reading import Reading
from scada.config import Config, ConfigError, load
from scada.engine.alarms.conditions import Conditions
from scada.engine.alarms.expand import expanded
from scada.engine.lanetags import own_specs


def alarms_are_raised(reading: Reading) -> Iterator[Mistake]:
    """See that every alarm of config.toml can be used, and stands for at least one place."""
    if reading.at("alarm") is None:
        return
    try:
        config = load(reading.file)
        tag_map = tagmap.read_map(*tagmap.site_files(config))
    except (ConfigError, tagmap.TagMapError):
        return
    yield from _mistakes(reading, config, tag_map)


def _mistakes(reading: Reading, config: Config, tag_map: tagmap.TagMap) -> Iterator[Mistake]:
    specs = {spec.name: spec for spec in (*tag_map.specs, *own_specs(config, tag_map.devices))}
    try:
        definitions = expanded(config.alarms, config, specs)
        Conditions(definitions, specs)
    except ValueError as error:
        yield reading.mistake(("alarm",), str(error), "see docs/alarms.md")
        return
    known = {one.code for one in definitions}
    for number, own in enumerate(config.alarm):
        if own.get("enabled", True) and own.get("code") not in known:
            what = f"{own.get('code')!r} looks at tags that this site has nowhere: it can never be raised"
            yield reading.mistake(
                ("alarm", number, "code"), what, "write the tags as in the tag map; see daozha alarms"
            )

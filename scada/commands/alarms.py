"""`daozha alarms`: every alarm of a site with what raises it, checked against its tags."""

import argparse
import json
import sys

from plc import tagmap
from scada import say
from scada.config import ConfigError, load
from scada.engine.alarms.conditions import Conditions
from scada.engine.alarms.expand import expanded
from scada.engine.lanetags import own_specs
from scada.model.alarm.definition import Definition, cause


def show(asked: argparse.Namespace) -> int:
    """List the alarms. 2 if a definition, the configuration or the tag map cannot be used."""
    try:
        definitions = _definitions(asked)
    except (ConfigError, tagmap.TagMapError, ValueError) as error:
        say.complain(str(error))
        return 2
    if asked.json:
        told = [_told(one) for one in definitions]
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    rows = [(f"P{one.priority.value}", one.id, cause(one.source), one.words.text) for one in definitions]
    say.show_table(say.counted(len(rows), "alarm"), ("", "alarm", "raised by", "says"), rows)
    return 0


def _definitions(asked: argparse.Namespace) -> list[Definition]:
    config = load(asked.config)
    tag_map = tagmap.read_map(*tagmap.site_files(config))
    specs = {spec.name: spec for spec in (*tag_map.specs, *own_specs(config, tag_map.devices))}
    definitions = expanded(config.alarms, config, specs)
    Conditions(definitions, specs)
    return sorted(definitions, key=lambda one: (one.priority.value, one.id))


def _told(one: Definition) -> dict[str, object]:
    return {
        "id": one.id,
        "priority": one.priority.value,
        "lane": one.lane,
        "raised_by": cause(one.source),
        "text": one.words.text,
        "text_zh": one.words.text_zh,
        "response": one.words.response,
        "within_s": one.within_s,
        "parents": list(one.parents),
    }

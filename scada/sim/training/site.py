"""A training's site: derived from a virtual one, in a throw-away folder, and nowhere but on this machine."""

import csv
import os
import secrets
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import tomli_w

from scada.config import Config, load
from scada.sim.training.smaller import SPACES
from scada.sim.trial.ports import HOST, free_port
from scada.sim.trial.site import prepare

KEPT: Final = frozenset(
    {"site", "web", "tags", "zones", "lanes", "cameras", "tariff", "limits", "wechat", "phones", "sim", "lpr"}
    | {"visitors", "card_products", "arrears"}
)
"""The sections that a training takes over; all others lead somewhere else: mail, other systems, other disks."""
TARIFF: Final = {"free_entry_duration": 0}
"""Everybody owes something at once."""
TIMING: Final = {"t_help_s": 8.0, "t_ttl_s": 5.0, "t_ack_s": 2.0, "t_pass_s": 12.0}
"""A lane waits for its driver, and for a car to pass, less long than on a working day; a laptop's PLCs may be slow."""
NAME, NAME_EN = "培训停车场", "Training car park"
_HERE: Final = frozenset({HOST, "localhost", "::1"})


class NotForTraining(Exception):
    """The configuration is no ground for a training; the message says why and what to do."""


def train_site(folder: Path, base: Path, port: int) -> Path:
    """Write a training's configuration below `folder`; give its path. Raises NotForTraining or ValueError."""
    original = load(base)
    if not original.site.virtual or original.sim is None:
        raise NotForTraining(
            f"{base}: these are real gates, and a training never touches them. "
            "Name the configuration of a virtual car park (virtual = true, [sim]), such as the shipped config.toml"
        )
    path = prepare(folder, base, tariff=TARIFF, timing=TIMING)
    content = {name: part for name, part in tomllib.loads(path.read_text(encoding="utf-8")).items() if name in KEPT}
    site, web = cast("dict[str, object]", content["site"]), cast("dict[str, dict[str, object]]", content["web"])
    site.update(id="training", name=NAME, name_en=NAME_EN)
    web["control"].update(host=HOST, port=port, host_names=[HOST, "localhost"])
    for zone in cast("list[dict[str, object]]", content.get("zones", []))[:1]:
        zone.update(spaces=SPACES, reserved=0)
    content["training"] = {"door": free_port()}
    path.write_text(tomli_w.dumps(content), encoding="utf-8")
    config = load(path)
    strangers = sorted(set(_elsewhere(config)))
    if strangers:
        raise NotForTraining(f"{base}: leads to {', '.join(strangers)}; a training never leaves this machine")
    return path


def make_key(config: Config) -> str:
    """Make the key of the training's door, which only this user may read."""
    assert config.training is not None, "a training's own configuration"  # noqa: S101
    file, key = config.secret(config.training.key_file), secrets.token_urlsafe(32)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key)
    return key


def _elsewhere(config: Config) -> Iterator[str]:
    """Name every host of the configuration that is not this machine."""
    with config.beside(config.tags.devices).open(encoding="utf-8", newline="") as file:
        hosts = [row.get(name) or "" for row in csv.DictReader(file) for name in ("host", "host2")]
    urls = [camera.source for camera in config.cameras]
    urls += [config.wechat.base_url, config.wechat.notify_url, config.phones.oauth_url, config.phones.api_url]
    hosts += [urlsplit(str(url)).hostname or "" for url in urls]
    yield from (host for host in hosts if host and host not in _HERE)

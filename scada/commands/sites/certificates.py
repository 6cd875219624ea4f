"""`daozha sites authority`, `issue` and `show`: who plants and control rooms are for each other."""

import argparse
import re
from pathlib import Path

from scada import say
from scada.clock import clock_from
from scada.config import Config, ConfigError, load
from scada.issuing import DAYS, IssueError, hand_out, issued, keep_authority, kept_authority, new_authority
from scada.settings.sites import PlantElsewhere, Rooms
from scada.tls import Shown, TlsError, shown_in

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def authority(asked: argparse.Namespace) -> int:
    """Make an authority; its folder belongs on a machine that is neither plant nor room. 2 if there is one."""
    try:
        keep_authority(asked.folder, new_authority(asked.name, clock_from().now()))
    except IssueError as error:
        say.complain(str(error))
        return 2
    say.tell(f"made in {asked.folder}; whoever has its ca.key can be any plant and any room: keep it away from both")
    return 0


def issue(asked: argparse.Namespace) -> int:
    """Sign one side and put what it needs into a folder of its own. 2 if that cannot be done."""
    if not _NAME.fullmatch(asked.name):
        say.complain(f"{asked.name!r} is no name: small letters, digits, - and _, a letter first")
        return 2
    out = asked.folder / asked.name
    try:
        signer = kept_authority(asked.folder)
        signed = issued(signer, asked.name, asked.host, clock_from().now(), asked.days or DAYS)
        hand_out(out, "plant" if asked.host else "room", signer, signed)
    except (IssueError, ValueError, OverflowError) as error:
        say.complain(str(error))
        return 2
    what = f"the plant at {', '.join(asked.host)}" if asked.host else f"the control room {asked.name}"
    say.tell(f"{what}: carry {out} to its data folder as `sites`, and leave no copy here")
    return 0


def show(asked: argparse.Namespace) -> int:
    """Show the certificates that this site shows to others. 1 if there is none, 2 if one cannot be used."""
    try:
        config = load(asked.config)
        files = _own(config)
        for file in files:
            _describe(file, shown_in(file))
    except (ConfigError, TlsError) as error:
        say.complain(str(error))
        return 2
    if not files:
        say.complain("neither [rooms] nor [[plants]] stands in the configuration: nothing is shown to anybody")
    return 0 if files else 1


def _own(config: Config) -> list[Path]:
    sides: list[Rooms | PlantElsewhere] = [*config.plants]
    if config.rooms is not None:
        sides.insert(0, config.rooms)
    return list(dict.fromkeys(config.secret(side.certificate_file) for side in sides))


def _describe(file: Path, shown: Shown) -> None:
    left = shown.until - clock_from().now()
    say.tell(str(file))
    say.tell(f"    name        {shown.name}")
    say.tell(f"    until       {shown.until:%Y-%m-%d}, {left.days} days left")
    say.tell(f"    SHA-256     {shown.fingerprint}")

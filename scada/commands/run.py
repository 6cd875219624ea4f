"""`daozha run`: check the configuration, then run the site until somebody stops it."""

import argparse
import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from scada import say
from scada.alive import notify
from scada.check import check, has_errors
from scada.check.report import describe, show
from scada.clock import VARIABLE, clock_from, clock_setting, real_unix_seconds
from scada.config import Config, WebApp, load
from scada.model.processes import Life, written
from scada.supervise import NotReady, parts, supervise

FIRST_PASSWORD = "FIRST-PASSWORD "  # noqa: S105 - the word before it, not the password
"""What the plant says once, at the very first start, before the administrator's password."""
SIM_SPEED = 20.0
"""How fast business time runs with the virtual car park, unless somebody chooses: an hour takes three minutes."""


def run(asked: argparse.Namespace) -> int:
    """Run the site. 0: stopped; 1: a process or a port was not to be had; 2: bad configuration."""
    mistakes = check(asked.config)
    if has_errors(mistakes):
        show(asked.config, mistakes)
        return 2
    for warning in mistakes:
        say.note(describe(warning))
    config = load(asked.config)
    refusal = _refusal(config, with_sim=asked.with_sim, speed=asked.speed)
    if refusal is not None:
        say.complain(refusal)
        return 2
    taken = list(_taken_ports(config, with_sim=asked.with_sim))
    for line in taken:
        say.complain(line)
    if taken:
        return 1
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    _set_clock(config, asked.speed or (SIM_SPEED if asked.with_sim else None))
    return _supervise(config, asked.config, with_sim=asked.with_sim)


def _refusal(config: Config, *, with_sim: bool, speed: float | None) -> str | None:
    if config.site.virtual:
        return None if config.sim is not None or not with_sim else "--with-sim needs a [sim] section"
    if with_sim:
        return "--with-sim: these are real gates; only a site with virtual = true has a virtual car park"
    return "--speed: time runs as it does at real gates" if speed is not None else None


def _supervise(config: Config, file: Path, *, with_sim: bool) -> int:
    front_desk = _FrontDesk(config)
    site = parts(file, with_sim=with_sim, serving=config.serve is not None)
    hear, up, tell = front_desk.hear, front_desk.welcome, _Register(config).write
    work = supervise(site, clock_from(), hear=hear, trouble=_trouble, up=up, tell=tell)
    try:
        asyncio.run(work)
    except NotReady as error:
        say.complain(f"{error}: see its lines above. Nothing runs now.")
        return 1
    say.tell("stopped")
    return 0


def _trouble(line: str) -> None:
    """Tell what went wrong with a part, here and to systemd."""
    say.complain(line)
    notify(f"STATUS={line}")


class _Register:
    """Writes the processes down for the plant, which shows them on *Diagnosis*; a disk that is full stops nothing."""

    def __init__(self, config: Config) -> None:
        self._file = config.processes

    def write(self, lives: Sequence[Life]) -> None:
        """Put a whole new list in the place of the old one."""
        new = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):
            new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_text(written(os.getpid(), lives), encoding="utf-8")
            new.replace(self._file)


class _FrontDesk:
    """Tells the person at the terminal what he needs to know, and no more."""

    def __init__(self, config: Config) -> None:
        self._web = config.web
        self._told_password = False

    def hear(self, name: str, line: str) -> None:
        """Take a line that a process said."""
        if not line.startswith(FIRST_PASSWORD):
            say.note(f"{name}: {line}")
            return
        self._told_password = True
        password = line.removeprefix(FIRST_PASSWORD).strip()
        lines = ["name      admin", f"password  {password}", "", "It is shown this once; choose your own at sign-in."]
        say.frame("First start: your sign-in", lines)

    def welcome(self) -> None:
        """Say where everything is."""
        sign_in = "with the name and password above" if self._told_password else "with your name and password"
        say.frame(
            "道闸 daozha is running",
            [
                f"Control room   {_address(self._web.control)}",
                f"Sign in        {sign_in}",
                "               forgotten: daozha user passwd NAME",
                f"Drivers        {self._web.public.url}",
                f"Lane displays  {_address(self._web.devices)}/display/<lane>",
                "",
                "Ctrl-C stops it.",
            ],
        )


def _address(app: WebApp) -> str:
    host = app.host_names[0] if app.host in ("0.0.0.0", "::") and app.host_names else app.host  # noqa: S104 - compared
    return f"http://{host}:{app.port}"


def _taken_ports(config: Config, *, with_sim: bool) -> Iterator[str]:
    """Name every port of ours on which another program listens already."""
    wanted = {f"web.{name}.port": (app.host, app.port) for name, app in config.web}
    served = {} if config.serve is None else {"opcua": config.serve.opcua, "modbus": config.serve.modbus}
    wanted |= {f"serve.{name}.port": (one.host, one.port) for name, one in served.items() if one is not None}
    if with_sim and config.sim is not None:
        ports = {"feed_port": config.sim.feed_port, "wechat_port": config.sim.wechat_port, **config.sim.field_ports}
        wanted |= {f"sim: {name}": ("127.0.0.1", port) for name, port in ports.items()}
    for key, (host, port) in wanted.items():
        if not _is_free(host, port):
            yield f"port {port} ({key}) is taken: does daozha run already? Stop that, or choose another port"


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _set_clock(config: Config, speed: float | None) -> None:
    """Let business time run fast for all processes, on from where it stood when the site last ran.

    A clock that began anew would stand before what the books already hold.
    """
    if speed is None or speed == 1 or VARIABLE in os.environ:
        return
    kept = config.data / "sim" / "clock"
    setting = _clock_on_from(kept.read_text(), speed) if kept.is_file() else clock_setting(speed)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(setting)
    os.environ[VARIABLE] = setting


def _clock_on_from(setting: str, speed: float) -> str:
    """Give the setting of a clock that stands now where the kept one does, and runs `speed` times as fast.

    It is a millisecond ahead, so that no rounding sets it back.
    """
    stands_at_s, real_s = clock_from({VARIABLE: setting}).now().timestamp() + 0.001, real_unix_seconds()
    return f"{(stands_at_s - real_s * speed) / (1 - speed):.6f}:{speed:g}"

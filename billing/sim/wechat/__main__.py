"""Start the WeChat Pay simulator: `python -m billing.sim.wechat --config FILE`."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from billing.sim.wechat.clock import PlatformClock
from billing.sim.wechat.doors.server import Server
from billing.sim.wechat.keys import prepare
from billing.sim.wechat.platform import open_platform
from scada.clock import SystemClock, clock_from
from scada.config import Config, ConfigError, load

HOST = "127.0.0.1"


@contextmanager
def running(config: Config, port: int, clock: SystemClock) -> Iterator[Server]:
    """Run the simulator in threads of this process; it serves from here on."""
    platform = prepare(config)
    with ExitStack() as parts:
        log = parts.enter_context((config.data / "sim" / "wechat.jsonl").open("a", encoding="utf-8"))
        wechat = open_platform(parts, platform, config.site.name, PlatformClock(clock), log)
        server = parts.enter_context(Server((HOST, port), wechat))
        serving = threading.Thread(target=server.serve_forever, args=(0.1,), name="wechat doors")
        serving.start()
        parts.callback(serving.join)
        parts.callback(server.shutdown)
        yield server


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="billing.sim.wechat", description="A simulated WeChat Pay v3.")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    try:
        config = load(parser.parse_args().config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if config.sim is None:
        sys.stderr.write("this configuration has no [sim] section\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with running(config, config.sim.wechat_port, clock_from()) as platform:
        platform.wechat.refunds.by_itself = "SUCCESS"
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

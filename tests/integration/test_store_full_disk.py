"""The disk of a whole plant filled on purpose: it goes on and says so, then waits, and comes back by itself."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from threading import Thread
from typing import IO

from sqlalchemy import select

from scada.bridge import Bridge, Refused
from scada.config import Config, load
from scada.engine.diskwatch import CODE
from scada.sim.trial.site import prepare
from scada.store.db import connected
from scada.store.journal import verify
from scada.store.schema import journal
from tests.support.billing import ROOT, wechat_process
from tests.support.diskfull import Disk
from tests.support.hmi import until

WITHIN_S = 40.0
WAITS = "the plant waits for room"


@contextmanager
def plant(path: Path, environment: Mapping[str, str] = os.environ) -> Iterator["subprocess.Popen[str]"]:
    """Run a plant."""
    command = [sys.executable, "-m", "scada.app", "--config", str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(environment), stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(told: IO[str] | None, what: str) -> None:
    """Read what a plant says until it has said that."""
    assert told is not None
    assert any(what in line for line in told), f"it ended without {what!r}"


def read_on(told: IO[str] | None) -> Thread:
    """Let a plant say more than a pipe holds: it would wait for its reader."""
    assert told is not None
    thread = Thread(target=lambda: [None for _ in told], daemon=True)
    thread.start()
    return thread


def _guess(config: Config) -> str:
    """Try to sign in as nobody, which makes the plant write one row; give its answer's code, if it answers."""
    with Bridge(config.socket("control"), "control") as bridge:
        answer = bridge.ask("sign_in", {"name": "nobody", "password": "wrong"}, within_s=WITHIN_S)
    return answer.code if isinstance(answer, Refused) else ""


def _is_put_away(config: Config) -> bool:
    """Bring the log into the file and cut it off, so that the next row needs room; say whether that was done."""
    connection = sqlite3.connect(config.data / "daozha.db")
    (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    return not is_busy


def _journalled(config: Config) -> list[str]:
    with connected(f"sqlite:///{config.data / 'daozha.db'}") as conn:
        assert verify(conn) is None
        return list(conn.scalars(select(journal.c.what).order_by(journal.c.n)))


def test_a_plant_on_a_full_disk_lives_on_its_reserve_then_waits_and_comes_back_when_there_is_room() -> None:
    with tempfile.TemporaryDirectory(prefix="dz-") as folder:
        path = prepare(Path(folder), ROOT / "config.toml")
        config = load(path)
        disk, reserve = Disk(Path(folder), config.data.name), config.data / "daozha.ballast"
        with wechat_process(config):
            with plant(path, disk.environment) as running:
                said(running.stdout, "READY")
                assert reserve.exists()
                until(lambda: _is_put_away(config), WITHIN_S)
                disk.fill()
                assert _guess(config) == "refused", "it goes on"
                assert not reserve.exists()
                until(lambda: CODE in _journalled(config), WITHIN_S)
                disk.fill()
                before = _journalled(config)
                assert _guess(config) in ("failed", ""), "what cannot be written is not done"
                running.send_signal(SIGTERM)
                assert running.wait(WITHIN_S) == 1
            assert _journalled(config) == before, "nothing is half-done"
            with plant(path, disk.environment) as running:
                said(running.stdout, WAITS)
                disk.clear()
                said(running.stdout, "READY")
                assert _guess(config) == "refused"
                assert reserve.exists()
                running.send_signal(SIGTERM)
                assert running.wait(WITHIN_S) == 0
        after = _journalled(config)
        assert after[: len(before)] == before
        assert after[len(before)] == "room again"
        assert (after.count("sign_in_refused"), after[-1]) == (2, "stopped")

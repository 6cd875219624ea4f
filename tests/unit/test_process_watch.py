"""The server looks at its processes and its certificates; what nobody knows is not good rather than 0."""

import os
import resource
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from plc.ua.keys import KeyFolder
from scada.clock import VirtualClock
from scada.engine.lanetags import site_specs
from scada.engine.processwatch import ProcessWatch
from scada.engine.tags import TagTable
from scada.expiry import endings
from scada.model.processes import Life, written
from scada.model.serverstate import Restarts, soonest
from scada.model.tag import Quality, TagName, TagValue
from tests.support.billing import made_config
from tests.support.store import START


def _lives(plant: int, control: int) -> list[Life]:
    return [Life("plant", os.getpid(), plant), Life("control", None, control, "was killed")]


def test_restarts_of_the_last_hour_are_counted() -> None:
    restarts = Restarts("plant")
    assert restarts.seen(_lives(0, 7), 0.0) == 0, "what was before the plant began is over"
    assert restarts.seen(_lives(0, 9), 30.0) == 2
    assert restarts.seen(_lives(0, 9), 3629.0) == 2
    assert restarts.seen(_lives(0, 10), 3630.0) == 1


def test_a_plant_that_was_started_again_counts_its_own_end() -> None:
    assert Restarts("plant").seen(_lives(3, 2), 0.0) == 1


def test_the_certificate_that_ends_first_is_told() -> None:
    assert soonest([], START) is None
    assert soonest([("a", START + timedelta(days=9)), ("b", START - timedelta(hours=1))], START) == ("b", -1)


async def test_processes_and_certificates_stand_in_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "prlimit", lambda _pid, _what: (20, 40))
    clock = VirtualClock(START)
    tags = TagTable(site_specs(), clock)
    register = tmp_path / "processes.json"
    proc = tmp_path / "proc"
    for pid, threads, files in ((os.getpid(), 12, 3), (os.getppid(), 4, 1), (7, 40, 2)):
        (proc / str(pid) / "fd").mkdir(parents=True)
        (proc / str(pid) / "status").write_text(f"Name:\tpython\nThreads:\t{threads}\n")
        for number in range(files):
            (proc / str(pid) / "fd" / str(number)).touch()
    (proc / str(os.getppid()) / "task" / str(os.getppid())).mkdir(parents=True)
    (proc / str(os.getppid()) / "task" / str(os.getppid()) / "children").write_text("7 ")
    told: list[tuple[str, datetime]] = []
    watch = ProcessWatch(clock, tags, register, lambda: told, proc)

    def shown(point: str) -> TagValue:
        return tags.get(TagName(f"site.{point}"))

    await watch.look()
    assert shown("process_restarts").quality is Quality.NOT_CONNECTED, "nobody watches"
    assert shown("threads").value == 12
    assert shown("certificate_days").quality is Quality.NOT_CONNECTED
    register.write_text(written(1, [Life("plant", os.getpid(), 0), Life("control", os.getppid(), 0)]))
    await watch.look()
    register.write_text(written(1, [Life("plant", os.getpid(), 0), Life("control", os.getppid(), 1)]))
    told.append(("OPC UA", START + timedelta(days=12, hours=1)))
    await watch.look()
    assert (shown("process_restarts").value, shown("threads").value) == (1, 40)
    assert shown("descriptors_pct").value == 15.0, "of the one with the most"
    assert (shown("certificate_days").value, shown("certificate").value) == (12, "OPC UA")


def test_the_certificates_of_a_site_are_found_and_one_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    config = made_config(tmp_path)
    assert endings(config, ("ua1",)) == []
    own = KeyFolder(config.data).own(START)
    assert endings(config, ("ua1",)) == [("OPC UA", own.certificate.not_valid_after_utc)]
    merchant = config.secret(config.wechat.merchant_certificate_file)
    merchant.parent.mkdir(parents=True, exist_ok=True)
    merchant.write_text("no certificate")
    assert [what for what, _ in endings(config, ("ua1",))] == ["OPC UA"]

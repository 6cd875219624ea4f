"""`daozha history check` and `daozha history dead`, and what `daozha check --online` says of a history server."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scada.__main__ import main
from scada.clock import VirtualClock
from scada.settings.stores import Influx
from scada.store.db import StoreError
from scada.store.historian.keeping import Keeping
from scada.store.historian.queue.letters import letters, retry, waiting
from scada.store.historian.queue.spool import DeadLine, LineQueue
from scada.store.historian.remote.trial import checklist
from scada.store.historian.remote.trial.probe import probe
from tests.support.hmi import write_config
from tests.support.store import SITE, START, rows_of
from tests.support.timeseries.fake import fake
from tests.support.timeseries.influx import InfluxProcess, influx
from tests.support.timeseries.stores import on_fake
from tests.support.timeseries.victoria import VictoriaProcess, victoria

__all__ = ["influx", "victoria"]

LINES = ("a 1", "b 2", "c 3")
KEPT = (
    "events are kept for 60 days",
    "analog values are kept for 60 days",
    "figures of devices are kept for 60 days",
    "hours are kept for 1830 days",
)
Words = Sequence[str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[Words], tuple[int, Any]]:
    """Run a command that speaks JSON; give its exit code and what it said."""

    def run(words: Words) -> tuple[int, Any]:
        code = main([*words, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return run


def _outcomes(said: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    return {one["name"]: one["outcome"] for one in said["checks"]}


def test_every_promise_holds_on_influxdb_1_and_nothing_is_left_behind(
    influx: InfluxProcess, told: Callable[[Words], tuple[int, Any]]
) -> None:
    influx.ask('CREATE DATABASE "customer"')
    code, said = told(["history", "check", "--url", influx.url, "--bucket", "customer"])
    assert (code, said["server"]) == (0, "InfluxDB 1.6.7~rc0")
    assert set(_outcomes(said).values()) == {"holds"}
    assert said["checks"][-1]["said"] == "customer: for ever"
    assert influx.ask("SHOW MEASUREMENTS", "customer") == []


def test_what_a_single_bucket_does_not_keep_is_said(
    influx: InfluxProcess, told: Callable[[Words], tuple[int, Any]]
) -> None:
    influx.ask('CREATE DATABASE "short" WITH DURATION 60d')
    code, said = told(["history", "check", "--url", influx.url, "--bucket", "short"])
    assert code == 1
    (hours,) = [one for one in said["checks"] if one["outcome"] == "fails"]
    assert (hours["name"], hours["said"]) == (KEPT[3], "short: for 60 days only")
    assert "history.influx.classes" in hours["remedy"]


@pytest.mark.parametrize("manner", ["2.7", "3"])
def test_every_promise_holds_with_the_manners_of_2_and_of_3(
    manner: Any,  # noqa: ANN401 - a literal
    tmp_path: Path,
    told: Callable[[Words], tuple[int, Any]],
) -> None:
    with fake(manner) as server:
        token = on_fake(SITE, tmp_path, server).token
        words = ["--url", server.url, "--bucket", "parking", "--org", "lot", "--token-file", str(token)]
        code, said = told(["history", "check", *words])
        assert code == 0
        outcomes = _outcomes(said)
        some = [outcomes.pop(name) for name in ("nothing is left behind", *KEPT)]
        assert some == (["holds"] * 5 if manner == "2.7" else ["cannot"] * 5)
        assert set(outcomes.values()) == {"holds"}
        assert len(server.stored) == 0 or manner == "3"


def test_what_victoriametrics_cannot_promise_is_said(
    victoria: VictoriaProcess, told: Callable[[Words], tuple[int, Any]]
) -> None:
    code, said = told(["history", "check", "--url", victoria.url])
    assert (code, said["server"]) == (0, "VictoriaMetrics")
    assert {name for name, outcome in _outcomes(said).items() if outcome == "cannot"} == {
        "states are kept in words",
        "a line that cannot be read holds up no other",
        "a value of another type holds up no other",
        "an hour that is reckoned anew takes the place of the old one",
        "nothing is left behind",
        *KEPT,
    }


def test_a_wrong_token_or_nobody_there_is_said_with_what_to_do(
    tmp_path: Path, told: Callable[[Words], tuple[int, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checklist, "WITHIN_S", 0.1)
    with fake("2.7") as server:
        url = server.url
        code, said = told(["history", "check", "--url", url, "--bucket", "parking"])
        assert code == 1
        assert said["checks"][1]["said"].startswith("401")
        assert "token" in said["checks"][1]["remedy"]
    code, said = told(["history", "check", "--url", url, "--bucket", "parking"])
    assert (code, said["server"]) == (1, "no server")
    assert told(["history", "check", "--url", "nonsense"])[0] == 2
    (tmp_path / "open.txt").write_text("secret")
    (tmp_path / "open.txt").chmod(0o644)
    assert told(["history", "check", "--url", url, "--token-file", str(tmp_path / "open.txt")])[0] == 2


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose queue has three dead lines."""
    file = write_config(tmp_path)
    queue = LineQueue(_queue(file), VirtualClock(START))
    queue.open()
    queue.put(["a 1", "b 2", "c 3"])
    segment = queue.head()
    assert segment is not None
    queue.finish(segment, [DeadLine(line, "400 field type conflict") for line in segment.lines])
    queue.close()
    return file


def _queue(file: Path) -> Path:
    return file.parent / "data" / "history" / "queue.db"


def test_a_person_reads_dead_lines_sends_some_again_and_drops_others_and_that_is_on_record(
    site: Path, told: Callable[[Words], tuple[int, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["history", "dead"]
    at = ["--config", str(site)]
    code, listed = told([*words, "list", *at])
    assert code == 0
    assert [(one["line"], one["error"]) for one in listed] == [(line, "400 field type conflict") for line in LINES]
    first, second, third = (str(one["id"]) for one in listed)
    assert told([*words, "show", second, *at]) == (0, listed[1])
    assert main([*words, "list", *at]) == 0
    assert "field type conflict" in capsys.readouterr().out
    assert main([*words, "show", "999", *at]) == 1
    assert told([*words, "drop", second, "--by", "li", *at]) == (0, {"lines": 1})
    assert told([*words, "drop", second, "--by", "li", *at]) == (1, {"lines": 0})
    assert told([*words, "retry", "--all", "--by", "wang", *at]) == (0, {"lines": 2})
    assert waiting(_queue(site)).held.event_lines == 2
    assert told([*words, "list", *at]) == (0, [])
    assert main([*words, "retry", first, third, *at]) == 1
    found = rows_of(site, "select actor, what from journal where kind = 'person' order by n")
    assert found[:3] == [
        ("li", "dead history lines are given up"),
        ("li", "dead history lines are given up"),
        ("wang", "dead history lines are sent again"),
    ]


def test_neither_ids_nor_all_is_no_order_to_drop_anything(site: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["history", "dead", "drop", "--config", str(site)])
    assert ended.value.code == 2
    assert len(letters(_queue(site))) == 3


def test_what_waits_and_what_was_refused_is_said_beside_the_server(site: Path, tmp_path: Path) -> None:
    with fake("2.7", token="") as server:
        settings = Influx(url=server.url, bucket="parking")
        retry(_queue(site), [1], START)
        said = probe(settings, None, SITE, _queue(site), START + timedelta(seconds=90), Keeping())
        assert said == "InfluxDB v2.7.12, 0 tags, 1 lines wait (0.0 MB), the oldest for 90 s, 2 were refused for good"
        server.is_down = True
        with pytest.raises(StoreError, match="ask http"):
            probe(settings, None, SITE, tmp_path / "none.db", START, Keeping())

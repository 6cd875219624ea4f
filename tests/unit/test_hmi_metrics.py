"""What a Prometheus server reads of a site. Prometheus's own parser reads it here."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from hmi.control.live import Change, Snapshot
from hmi.control.metrics import exposition
from scada.bridge import Value
from tests.support.hmi_pages import ControlRoom

AT = "2026-05-01T00:00:00Z"
GOOD, FORCED, BAD, STALE = 0, 0x00960000, 0x80000000, 0x40900000
LANES = ["in1", "out1"]


def told(tags: Sequence[Change], *, up: bool = True) -> Snapshot:
    return Snapshot(at=AT, up=up, site={"id": "demo"}, tags=list(tags))


def read(text: bytes) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text.decode())
    }


def test_tags_are_named_by_what_they_are_and_labelled_by_where() -> None:
    tags: list[Change] = [
        ["out1.gate.up", True, GOOD, AT],
        ["in1.gate.up", False, GOOD, AT],
        ["site.plant_lag_ms", 3.5, GOOD, AT],
        ["dev.plc1.scan_ms", 12.0, GOOD, AT],
        ["camera.out1_front.sharpness", 0.7, GOOD, AT],
        ["zone.p1.free", 40, GOOD, AT],
        ["out1.lane.state", "awaiting_payment", GOOD, AT],
        ["site.standby", "missing", GOOD, AT],
        ["site.lead_moved", True, GOOD, AT],
    ]
    found = read(exposition(told(tags), LANES, []))
    assert found["daozha_lane_gate_up"] == {("out1",): 1.0, ("in1",): 0.0}
    assert found["daozha_site_plant_lag_ms"] == {(): 3.5}
    assert found["daozha_device_scan_ms"] == {("plc1",): 12.0}
    assert found["daozha_camera_sharpness"] == {("out1_front",): 0.7}
    assert found["daozha_zone_free"] == {("p1",): 40.0}
    assert found["daozha_lane_state"] == {("out1", "awaiting_payment"): 1.0}
    assert (found["daozha_site_standby"], found["daozha_site_lead_moved"]) == ({("missing",): 1.0}, {(): 1.0})
    assert found["daozha_plant_up"] == {(): 1.0}


@pytest.mark.parametrize("status", [BAD, STALE])
def test_what_is_not_known_is_left_out_and_counted(status: int) -> None:
    found = read(exposition(told([["out1.gate.up", True, status, AT], ["in1.gate.up", True, FORCED, AT]]), LANES, []))
    assert found["daozha_lane_gate_up"] == {("in1",): 1.0}
    assert found["daozha_tags"] == {("true",): 1.0, ("false",): 1.0}


def test_a_plant_that_is_away_says_nothing_but_that() -> None:
    found = read(exposition(told([["out1.gate.up", True, GOOD, AT]], up=False), LANES, []))
    assert found["daozha_plant_up"] == {(): 0.0}
    assert "daozha_lane_gate_up" not in found


def test_texts_name_people_and_are_not_told() -> None:
    tags: list[Change] = [["out1.plate.text", "京A12345", GOOD, AT], ["out1.stay", "s-1", GOOD, AT]]
    text = exposition(told(tags), LANES, []).decode()
    assert "京A12345" not in text
    assert "s-1" not in text


def test_processes_tell_what_they_hold() -> None:
    plant: dict[str, object] = {
        "name": "plant",
        "pid": 7,
        "up_s": 60.0,
        "restarts": 2,
        "memory_bytes": 1024,
        "cpu_s": 1.5,
    }
    camera: dict[str, object] = {
        "name": "camera front",
        "pid": None,
        "up_s": None,
        "restarts": None,
        "memory_bytes": None,
        "cpu_s": None,
    }
    found = read(exposition(told([]), LANES, [plant, camera]))
    assert found["daozha_process_resident_memory_bytes"] == {("plant",): 1024.0}
    assert found["daozha_process_restarts"] == {("plant",): 2.0}


def test_the_page_of_figures_is_text_for_prometheus_and_for_whoever_is_signed_in() -> None:
    room = ControlRoom("technician")
    assert room.get("/api/v1/metrics").status_code == 401
    room.sign_in()
    life = {"name": "plant", "up_s": 60.0, "restarts": 0, "memory_bytes": 1, "cpu_s": 1.0}
    room.plant.verbs["processes"] = lambda _: Value({"watched": True, "processes": [life]})
    page = room.get("/api/v1/metrics")
    assert page.content_type.startswith("text/plain; version=")
    assert read(page.data)["daozha_process_up_seconds"] == {("plant",): 60.0}
    del room.plant.verbs["processes"]
    assert read(room.get("/api/v1/metrics").data)["daozha_plant_up"] == {(): 0.0}


@given(
    names=st.lists(st.text('abcdefghij.1_-ü"\\\n', min_size=1, max_size=20), max_size=8, unique=True),
    value=st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=True), st.text(max_size=5)),
)
def test_whatever_the_tags_are_called_prometheus_can_read_it(names: list[str], value: object) -> None:
    found = read(exposition(told([[name, value, GOOD, AT] for name in names]), LANES, []))
    assert found["daozha_tags"][("true",)] == len(names)

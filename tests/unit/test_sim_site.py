"""A site of its own for a drill: free ports, its own folder, nothing left of the shipped ports."""

import socket
import tomllib
from pathlib import Path

import pytest

from billing.versions.files import read_folder
from plc.tagmap import read_map
from scada.check import check
from scada.config import load
from scada.sim.carpark import way
from scada.sim.trial import ports as trial_ports
from scada.sim.trial.ports import free_ports
from scada.sim.trial.shape import Shape
from scada.sim.trial.site import prepare, read_rows

BASE = Path(__file__).resolve().parents[2] / "config.toml"


def test_a_prepared_site_loads_and_keeps_everything_in_its_own_folder(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    config = load(prepare(folder, BASE))
    assert config.data == folder / "data"
    assert config.beside(config.tags.map) == BASE.parent / "plc/sim/tags.csv"
    assert config.beside(config.tags.devices) == folder / "devices.csv"
    assert config.web.public.url.endswith(f":{config.web.public.port}")
    assert config.wechat.notify_url == f"http://127.0.0.1:{config.web.public.port}/wechat/notice/pay"


def test_no_shipped_port_is_left_and_none_is_used_twice(tmp_path: Path) -> None:
    text = prepare(tmp_path / "s", BASE, lambda count: range(50_000, 50_000 + count)).read_text()
    devices = (tmp_path / "s" / "devices.csv").read_text()
    assert not any(port in text + devices for port in ("8080", "8081", "8082", "8091", "8092", "8093", "5020", "4840"))
    sim = tomllib.loads(text)["sim"]
    web = tomllib.loads(text)["web"]
    used = [section["port"] for section in web.values()] + [sim["feed_port"], sim["wechat_port"]]
    used += [*sim["field_ports"].values(), *(int(line.split(",")[3]) for line in devices.splitlines()[1:])]
    assert len(set(used)) == len(used) == 9


def test_cameras_that_speak_rtsp_keep_to_it(tmp_path: Path) -> None:
    base = tmp_path / "config.toml"
    text = BASE.read_text("utf-8").replace("# rtsp_port = 8095", "rtsp_port = 8095")
    text = text.replace("http://127.0.0.1:8091/cam-in1.mjpg", "rtsp://127.0.0.1:8095/cam-in1")
    for key in ("plc/sim/tags.csv", "plc/sim/devices.csv", "billing/tariffs"):
        text = text.replace(f'"{key}"', f'"{BASE.parent / key}"')
    base.write_text(text, "utf-8")
    content = tomllib.loads(prepare(tmp_path / "s", base).read_text("utf-8"))
    port, feed = content["sim"]["rtsp_port"], content["sim"]["feed_port"]
    assert len({8095, port, feed}) == 3
    sources = [camera["source"] for camera in content["cameras"]]
    assert sources == [f"rtsp://127.0.0.1:{port}/cam-in1", f"http://127.0.0.1:{feed}/cam-out1.mjpg"]


@pytest.mark.parametrize(
    ("shape", "device", "address"),
    [(Shape.GATE, "plc1", "HR46"), (Shape.GATE_SWAPPED, "ua1", "ns=2;s=Out1.Passage.Side")],
)
def test_a_site_of_one_gate_has_a_plc_of_its_own_a_camera_for_either_way_and_nothing_to_warn_of_but_its_tides(
    tmp_path: Path, shape: Shape, device: str, address: str
) -> None:
    path = prepare(tmp_path / "s", BASE, shape=shape)
    config = load(path)
    assert [(lane.name, lane.direction) for lane in config.lanes] == [("gate1", "both")]
    assert [(camera.lane, camera.way) for camera in config.cameras] == [("gate1", "entry"), ("gate1", "exit")]
    assert config.sim is not None
    assert list(config.sim.field_ports) == [device]
    assert way(config) == ("gate1", "gate1")
    rows = read_rows(config.beside(config.tags.map))
    assert {row["device"] for row in rows} == {device}
    assert [row["address"] for row in rows if row["tag"] == "gate1.passage.side"] == [address]
    assert [mistake.what for mistake in check(path)] == ["nothing says when this lane turns"]


def test_an_exchanged_site_has_each_lane_on_the_others_protocol_and_a_sound_map(tmp_path: Path) -> None:
    config = load(prepare(tmp_path / "s", BASE, shape=Shape.SWAPPED))
    devices, tags = config.beside(config.tags.devices), config.beside(config.tags.map)
    assert read_map(tags, devices).tags
    assert {row["device"] for row in read_rows(tags) if row["tag"].startswith("out1.")} == {"plc1"}
    assert {row["device"] for row in read_rows(tags) if row["tag"].startswith("in1.")} == {"ua1"}


def test_a_site_may_have_its_own_tariff_terms(tmp_path: Path) -> None:
    config = load(prepare(tmp_path / "s", BASE, tariff={"free_entry_duration": 1}))
    [file] = read_folder(config.beside(config.tariff.folder)).files
    assert file.tariff.free.minutes == 1


def test_a_folder_too_deep_for_unix_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        prepare(tmp_path / ("x" * 100), BASE)


def test_free_ports_are_all_different() -> None:
    ports = free_ports(200)
    assert len(set(ports)) == 200


def test_ports_that_were_given_are_not_given_again_before_they_are_bound() -> None:
    given = [free_ports(1)[0] for _ in range(600)]
    assert len(set(given)) == len(given)


def test_a_free_port_is_none_that_the_system_may_give_to_whoever_connects() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(free_ports(200)) < lowest


def test_a_port_that_is_listened_on_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(trial_ports, "_LOWEST", taken)
        monkeypatch.setattr(trial_ports, "_BEYOND", taken + 1)
        with pytest.raises(OSError, match="no 1 free ports"):
            free_ports(1)

"""`daozha check` finds every mistake, says where it stands and what to do."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from billing.sim.wechat.keys import prepare
from lpr.models import DETECTOR, RECOGNISER, TEXT_DETECTOR
from scada.__main__ import main
from scada.check import Mistake, Severity, check, has_errors
from scada.check.report import as_json, describe
from scada.config import load
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.settings.cameras import Camera
from tests.support.house import ROOT, site_beside
from tests.support.networks import with_real

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes the shipped config.toml with some texts replaced."""
    return partial(site_beside, tmp_path)


def line_with(file: Path, text: str) -> int:
    return next(n for n, line in enumerate(file.read_text("utf-8").splitlines(), start=1) if text in line)


def errors(file: Path) -> list[Mistake]:
    return [one for one in check(file) if one.severity is Severity.ERROR]


def keys(file: Path) -> list[str]:
    return [one.key for one in errors(file)]


def test_the_shipped_configuration_is_good(write: Write) -> None:
    assert errors(write()) == []


def test_five_different_mistakes_are_all_named_with_file_line_and_key(write: Write, tmp_path: Path) -> None:
    broken_map = tmp_path / "tags.csv"
    rows = (ROOT / "plc" / "sim" / "tags.csv").read_text("utf-8").splitlines()
    broken_map.write_text("\n".join([*rows, "in1.gate.odd,plc9,HR4.1,bool"]) + "\n", "utf-8")
    file = write(
        ("port = 8080", "port = 80800"),
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Peking"'),
        ('lane = "out1"', 'lane = "out7"'),
        ('folder = "billing/tariffs"', 'folder = "tariffs"'),
        ('map = "plc/sim/tags.csv"', 'map = "tags.csv"'),
    )
    found = {(one.file.name, one.line, one.key) for one in errors(file)}
    assert found == {
        ("config.toml", line_with(file, "port = 80800"), "web.control.port"),
        ("config.toml", line_with(file, "Asia/Peking"), "site.zone"),
        ("config.toml", line_with(file, '"out7"'), "cameras[1].lane"),
        ("config.toml", line_with(file, 'folder = "tariffs"'), "tariff.folder"),
        ("tags.csv", len(rows) + 1, "device"),
    }


def test_a_broken_line_does_not_hide_what_is_wrong_elsewhere(write: Write) -> None:
    file = write(("port = 8080", "port = = 8080"), ('name = "in1"', "name = in1"), ('folder = "billing/tariffs"\n', ""))
    found = check(file)
    assert any(one.line == line_with(file, "= =") and "TOML" in one.what for one in found)
    assert any(one.line == line_with(file, "name = in1") and "TOML" in one.what for one in found)
    assert "tariff.folder" in [one.key for one in found]


def test_a_missing_file_is_told_and_not_raised(tmp_path: Path) -> None:
    [mistake] = check(tmp_path / "nowhere.toml")
    assert mistake.line is None
    assert "cannot be read" in mistake.what
    assert "--config" in mistake.remedy


def test_an_empty_file_misses_every_section(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    assert {"site", "web", "tags", "lanes", "cameras", "tariff", "wechat"} <= set(keys(file))


def test_a_file_in_another_encoding_is_told(write: Write) -> None:
    [mistake] = check(write(encoding="gb18030"))
    assert "UTF-8" in mistake.what


def test_a_misspelt_key_is_told_with_the_right_one(write: Write) -> None:
    file = write(('folder = "billing/tariffs"', 'foldr = "billing/tariffs"'))
    found = {one.key: one for one in errors(file)}
    assert "folder" in found["tariff.foldr"].remedy
    assert "missing" in found["tariff.folder"].what


@pytest.mark.parametrize(
    ("old", "new", "key", "word"),
    [
        ('name = "out1"', 'name = "in1"', "lanes[1].name", "twice"),
        ('name = "cam-out1"', 'name = "cam-in1"', "cameras[1].name", "twice"),
        ("port = 8081", "port = 8080", "web.public.port", "web.control.port"),
        ("wechat_port = 8092", "wechat_port = 8082", "sim.wechat_port", "web.devices.port"),
        ("ua1 = 8094", "ua1 = 8093", "sim.field_ports.ua1", "sim.field_ports.plc1"),
        ('url = "http://localhost:8081"', 'url = "http://127.0.0.1:8081"', "web.public.url", "cookie"),
        ('url = "http://localhost:8081"', 'url = "http://parking.example"', "web.public.url", "host_names"),
        ("t_help_s = 20.0", "t_help_s = 1.5", "lanes[0].timing.t_help_s", "t_read_s"),
        ("t_help_s = 20.0", "t_pass_s = 4000.0", "lanes[0].timing.t_pass_s", "3600"),
        ("virtual = true ", "virtual = 1 ", "site.virtual", "boolean"),
        ('base_url = "http://127.0.0.1:8092"', "", "wechat.base_url", "real one"),
        ('mchid = "1900007291"', 'mchid = "19"', "wechat.mchid", "form"),
        ('direction = "exit"', 'direction = "out"', "lanes[1].direction", "entry"),
        ('map = "plc/sim/tags.csv"', 'map = "tags.csv"', "tags.map", "no file"),
        ('source = "http://127.0.0.1:8091/cam-in1.mjpg"', 'source = "pictures"', "cameras[0].source", "no file"),
        ('lane = "in1"', 'lane = "in1"\nregion = [[0, 0], [1, 1]]', "cameras[0].region", "enclose"),
        (
            'lane = "in1"',
            'lane = "in1"\nregion = [[0.0, 0.0], [1.0, 1.0], [0.0, 720.0]]',
            "cameras[0].region",
            "outside",
        ),
        (
            'lane = "in1"',
            'lane = "in1"\nperspective = [[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [0.0, 1.0]]',
            "cameras[0].perspective",
            "outside",
        ),
        (
            'lane = "in1"',
            'lane = "in1"\nperspective = [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]',
            "cameras[0].perspective",
            "clockwise",
        ),
        ("http://127.0.0.1:8091/cam-in1.mjpg", "rtmp://cam/live", "cameras[0].source", "no way to a camera"),
        ("http://127.0.0.1:8091/cam-in1.mjpg", "rtsp:///live", "cameras[0].source", "no host"),
        ('lane = "in1"', 'lane = "in1"\npassword_file = "eye"', "cameras[0].password_file", "whose"),
        ('folder = "billing', 'surcharge = 1\nfolder = "billing', "tariff.surcharge", "no key"),
        ("reserved = 50", "reserved = 1001", "zones[0].reserved", "1001 of 1000"),
        ("reserved = 50", 'parent = "lot"', "zones[0].parent", "inside itself"),
        ("reserved = 50", 'parent = "street"', "zones[0].parent", "no zone"),
        ("reserved = 50", "spares = 50", "zones[0].spares", "no key"),
        ('direction = "exit"', 'direction = "exit"\nzone = "roof"', "lanes[1].zone", "'roof' is no zone"),
        ('direction = "exit"', 'direction = "exit"\nway_policy = "odd"', "lanes[1].way_policy", "tidal"),
        (
            'direction = "exit"',
            'direction = "exit"\npolicy = { broken_boom = "up" }',
            "lanes[1].policy.broken_boom",
            "hold-open",
        ),
        (
            'direction = "exit"',
            'direction = "exit"\ngeometry = { longest_m = 2.0 }',
            "lanes[1].geometry.longest_m",
            "greater",
        ),
        ("stay_hours = 72", "stay_hours = 0", "limits.stay_hours", "greater"),
        ("goodwill_fen = 2000", "goodwill_fen = 20.5", "limits.goodwill_fen", "integer"),
    ],
)
def test_each_kind_of_mistake_is_told_at_its_key(write: Write, old: str, new: str, key: str, word: str) -> None:
    file = write((old, new))
    found = [one for one in errors(file) if one.key == key]
    assert len(found) == 1, keys(file)
    assert word in found[0].what
    assert found[0].remedy
    assert found[0].line is not None


def test_a_real_site_needs_its_secrets_and_real_money(write: Write, tmp_path: Path) -> None:
    file = write(("virtual = true", "virtual = false"), ("# data = ", 'data = "data"  # '))
    found = {one.key: one for one in errors(file)}
    assert "simulated" in found["wechat.base_url"].what
    assert "https" in found["web.public.url"].what
    assert str(tmp_path / "data" / "wechat" / "merchant_key.pem") in found["wechat.private_key_file"].what


def test_a_secret_that_others_can_read_is_told(write: Write, tmp_path: Path) -> None:
    key = tmp_path / "data" / "wechat" / "merchant_key.pem"
    key.parent.mkdir(parents=True)
    key.write_text("not a key")
    key.chmod(0o644)
    file = write(("virtual = true", "virtual = false"), ("# data = ", 'data = "data"  # '))
    [found] = [one for one in errors(file) if one.key == "wechat.private_key_file"]
    assert "chmod 600" in found.remedy


def test_a_merchants_key_of_another_certificate_is_told(write: Write, tmp_path: Path) -> None:
    virtual = load(write(("# data = ", 'data = "data"  # ')))
    prepare(virtual)
    file = write(
        ("virtual = true", "virtual = false"),
        ("# data = ", 'data = "data"  # '),
        ('base_url = "http://127.0.0.1:8092"', 'base_url = "https://api.mch.weixin.qq.com"'),
    )
    assert "wechat" not in keys(file)
    other = generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    virtual.secret(virtual.wechat.private_key_file).write_bytes(pem)
    [found] = [one for one in errors(file) if one.key == "wechat"]
    assert "the key is not that of" in found.what


def test_a_fast_clock_at_real_gates_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAOZHA_CLOCK", "1700000000:60")
    assert "site.virtual" in keys(write(("virtual = true", "virtual = false")))
    assert "site.virtual" not in keys(write())


def test_missing_models_are_told_with_the_command_that_gets_them(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOZHA_MODELS", str(tmp_path / "models"))
    [found] = errors(write())
    assert found.key == "lpr.back_end"
    assert "clp_det.onnx is missing" in found.what
    assert "models fetch" in found.remedy


def test_a_back_end_that_is_named_must_have_its_files(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOZHA_MODELS", str(tmp_path / "models"))
    [found] = errors(write(("[tariff]", '[lpr]\nback_end = "A"\n\n[tariff]')))
    assert found.key == "lpr.back_end"
    assert "rpv3_mdict_160_r3.onnx is missing" in found.what
    assert "clp_det.onnx" not in found.what


@pytest.mark.parametrize("points", ["[[0.9, 0.8], [0.9, 0.9]]", "[[0.9, 0.8], [0.95, 0.7]]", "[[0.9, 1.2]]"])
def test_a_calibration_that_does_not_rise_is_told(write: Write, points: str) -> None:
    assert errors(write(("[tariff]", f"[lpr]\ncalibration = {points}\n\n[tariff]")))


def test_check_says_who_reads_plates_and_why_not_another(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DAOZHA_MODELS", str(with_real(tmp_path / "models", DETECTOR, TEXT_DETECTOR, RECOGNISER)))
    assert main(["check", "--config", str(write())]) == 0
    said = capsys.readouterr().out
    assert "plates are read by B: clp_det.onnx 1bb07d36" in said
    assert "not C: y5fu_320x_sim.onnx is missing" in said


def test_warnings_do_not_keep_the_site_from_running(write: Write) -> None:
    found = check(write(("goodwill_fen = 2000", "goodwill_fen = 4000")))
    assert [one.key for one in found] == ["limits.goodwill_fen"]
    assert not has_errors(found)


def test_goodwill_of_a_whole_day_without_a_second_person_is_a_warning(write: Write) -> None:
    [found] = check(write(("goodwill_fen = 2000", "goodwill_fen = 4000")))
    assert (found.key, found.severity) == ("limits.goodwill_fen", Severity.WARNING)
    assert "4000" in found.what
    assert "second person" in found.remedy


NESTED = """
[[zones]]
name = "roof"
title = "楼顶"
title_en = "Roof"
spaces = 80
parent = "{parent}"

[[lanes]]
name = "in1"
"""


def test_nested_zones_that_turn_in_a_circle_are_told_at_each_of_them(write: Write) -> None:
    nested = NESTED.format(parent="lot").lstrip()
    file = write(('[[lanes]]\nname = "in1"\n', nested), ("reserved = 50", 'parent = "roof"'))
    assert [key for key in keys(file) if key.startswith("zones")] == ["zones[0].parent", "zones[1].parent"]


def test_two_zones_of_one_name_are_told_at_the_second(write: Write) -> None:
    nested = NESTED.format(parent="lot").lstrip().replace("roof", "lot")
    assert "zones[1].name" in keys(write(('[[lanes]]\nname = "in1"\n', nested)))


def test_a_zone_without_a_way_in_or_out_is_a_warning(write: Write) -> None:
    nested = NESTED.format(parent="lot").lstrip()
    found = check(write(('[[lanes]]\nname = "in1"\n', nested)))
    assert [(one.key, one.what) for one in found] == [
        ("zones[1].name", "no lane leads into 'roof'"),
        ("zones[1].name", "no lane leads out of 'roof'"),
    ]
    assert not has_errors(found)


def test_a_lane_of_both_ways_is_a_way_in_and_a_way_out(write: Write) -> None:
    tides = 'tides = [{ from = "06:00", way = "entry" }, { from = "15:00", way = "exit" }]'
    file = write(('direction = "exit"', f'direction = "both"\nway_policy = "tidal"\n{tides}'))
    assert [mistake for mistake in check(file) if mistake.key != "lanes[1].direction"] == []
    assert [len(lane.turns) for lane in load(file).lanes] == [0, 2]


def test_a_lane_of_both_ways_needs_its_plcs_word_on_which_side_a_car_stands(write: Write) -> None:
    found = check(write(('direction = "exit"', 'direction = "both"')))
    assert [(mistake.key, mistake.what) for mistake in found] == [
        ("lanes[1].direction", "a lane for both ways needs out1.passage.side in the tag map")
    ]


def test_cameras_on_both_sides_of_a_lane_for_both_ways_each_say_whom_they_look_at(write: Write) -> None:
    both = ('direction = "exit"', 'direction = "both"')
    second = ('lane = "in1"\n', 'lane = "out1"\nway = "entry"\n')
    keys = {mistake.key: mistake.what for mistake in check(write(both, second))}
    assert keys["cameras[1].name"] == "'cam-out1' looks at both sides of 'out1', beside another camera"
    third = ('lane = "out1"\nsource', 'lane = "out1"\nway = "exit"\nsource')
    assert not any(mistake.key.startswith("cameras") for mistake in check(write(both, second, third)))


@pytest.mark.parametrize(("way", "seen"), [(None, (True, True)), ("entry", (True, False)), ("exit", (False, True))])
def test_a_camera_looks_at_the_cars_of_its_lane_and_of_its_way(way: str | None, seen: tuple[bool, bool]) -> None:
    camera = Camera.model_validate({"name": "c", "lane": "in1", "source": "pictures", "way": way})
    assert tuple(camera.looks_at(LaneName("in1"), one) for one in (Direction.ENTRY, Direction.EXIT)) == seen
    assert not any(camera.looks_at(LaneName("out1"), one) for one in Direction)


def test_a_camera_that_waits_for_cars_which_never_come_is_a_warning(write: Write) -> None:
    [found] = check(write(('lane = "in1"\n', 'lane = "in1"\nway = "exit"\n')))
    assert (found.key, found.what, found.severity) == (
        "cameras[0].way",
        "no car goes this way through 'in1'",
        Severity.WARNING,
    )


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('direction = "exit"\nway_policy = "first-come"', "lanes[1].way_policy"),
        ('direction = "both"\nway_policy = "tidal"', "lanes[1].way_policy"),
        ('direction = "both"\ntides = [{ from = "06:00", way = "entry" }]', "lanes[1].tides"),
    ],
)
def test_what_does_not_go_with_a_lanes_ways_is_told(write: Write, written: str, key: str) -> None:
    [found] = [one for one in check(write(('direction = "exit"', written))) if one.key != "lanes[1].direction"]
    assert (found.key, found.severity) == (key, Severity.WARNING)


def test_the_report_gives_people_a_place_and_a_remedy_and_programs_json(write: Write) -> None:
    file = write(("port = 8081", "port = 8080"))
    [found] = errors(file)
    assert describe(found).startswith(f"{file}:{found.line}: error: web.public.port: ")
    told = json.loads(as_json(file, [found]))
    assert told["ok"] is False
    assert told["mistakes"][0]["line"] == line_with(file, "[web.public]") + 2


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("http://127.0.0.1:8091/cam-in1.mjpg", "rtsp://eye:s3cret@127.0.0.1/live", "password"),
        ('lane = "in1"', 'lane = "in1"\ntransport = "udp"', "only rtsp"),
    ],
)
def test_what_is_unwise_about_a_camera_is_a_warning(write: Write, old: str, new: str, word: str) -> None:
    found = check(write((old, new)))
    told = [one for one in found if one.key.startswith("cameras[0]")]
    assert [(word in one.what, one.severity) for one in told] == [(True, Severity.WARNING)]
    assert not any("s3cret" in f"{one.what}{one.remedy}" for one in found)


def test_a_cameras_polygons_are_read_from_the_file(write: Write) -> None:
    region, view = "[[0, 0.2], [1, 0.2], [0.5, 1]]", "[[0.1, 0.1], [0.9, 0.2], [0.9, 1.0], [0.1, 0.9]]"
    file = write(('lane = "in1"', f'lane = "in1"\nregion = {region}\nperspective = {view}'))
    assert errors(file) == []
    camera = load(file).cameras[0]
    assert camera.region == ((0, 0.2), (1, 0.2), (0.5, 1))
    assert camera.perspective == ((0.1, 0.1), (0.9, 0.2), (0.9, 1.0), (0.1, 0.9))

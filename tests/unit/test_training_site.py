"""A training's site is derived from a virtual one only, and leads nowhere but to this machine."""

import json
import tomllib
from pathlib import Path

import pytest
import tomli_w

from scada.config import load
from scada.model.training.judge import Course, Mark, Remark, Verdict
from scada.sim.training.__main__ import main
from scada.sim.training.record import RecordError, Records, Result, written
from scada.sim.training.site import KEPT, NotForTraining, make_key, train_site
from scada.sim.training.smaller import write_spaces
from tests.support.site import BASE
from tests.unit.test_training_deeds import AROSE

PORT = 18180
RESULT = Result("zhang", "misread", AROSE, Course(4.0, 61.5, ("plate",)), Mark(Verdict.RIGHT, 96, (Remark.ENDED_LATE,)))


def changed(folder: Path, **sections: dict[str, object]) -> Path:
    """Write the shipped configuration with other keys beside the files that it names."""
    content = tomllib.loads(BASE.read_text(encoding="utf-8"))
    content["tags"] = {name: str(BASE.parent / path) for name, path in content["tags"].items()}
    content["tariff"]["folder"] = str(BASE.parent / content["tariff"]["folder"])
    for name, keys in sections.items():
        content[name] = {**content.get(name, {}), **keys}
    path = folder / "config.toml"
    path.write_text(tomli_w.dumps(content), encoding="utf-8")
    return path


def test_the_training_has_a_name_a_port_and_a_folder_of_its_own(tmp_path: Path) -> None:
    config = load(train_site(tmp_path / "t", BASE, PORT))
    assert (config.site.id, config.web.control.port, config.web.control.host) == ("training", PORT, "127.0.0.1")
    assert config.data.is_relative_to(tmp_path)
    assert config.training is not None
    assert config.lanes[0].timing.t_help_s < 20
    key = make_key(config)
    assert config.secret(config.training.key_file).read_text() == key
    assert config.secret(config.training.key_file).stat().st_mode & 0o077 == 0


def test_real_gates_are_no_ground_for_a_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = changed(tmp_path, site={"virtual": False})
    with pytest.raises(NotForTraining, match="real gates"):
        train_site(tmp_path / "t", real, PORT)
    assert main(["--config", str(real), "--records", str(tmp_path / "r.jsonl")]) == 2
    assert "real gates" in capsys.readouterr().err


def test_what_leads_elsewhere_is_left_out_or_refused(tmp_path: Path) -> None:
    mail = changed(tmp_path, mail={"host": "smtp.example.org", "sender": "a@example.org"})
    path = train_site(tmp_path / "t", mail, PORT)
    assert set(tomllib.loads(path.read_text(encoding="utf-8"))) <= KEPT | {"training"}
    devices = tmp_path / "devices.csv"
    rows = (BASE.parent / "plc" / "sim" / "devices.csv").read_text(encoding="utf-8").replace("127.0.0.1", "10.0.0.7")
    devices.write_text(rows, encoding="utf-8")
    strange = changed(tmp_path, tags={"devices": str(devices)})
    with pytest.raises(NotForTraining, match=r"10\.0\.0\.7"):
        train_site(tmp_path / "u", strange, PORT)


def test_a_real_site_cannot_say_that_it_is_a_training(tmp_path: Path) -> None:
    real = changed(tmp_path, site={"virtual": False}, training={"door": 9999})
    with pytest.raises(Exception, match="mistakes"):
        load(real)


def test_a_car_park_is_full_for_one_lesson_and_then_as_before(tmp_path: Path) -> None:
    path = train_site(tmp_path / "t", BASE, PORT)
    write_spaces(path, 1)
    assert load(path).zones[0].spaces == 1
    write_spaces(path, None)
    assert load(path).zones[0].spaces == 1000


def test_marks_outlive_the_training_and_strange_lines_are_nobody_s(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "records.jsonl"
    Records(file).add(RESULT)
    with file.open("a", encoding="utf-8") as more:
        more.write("no json\n" + json.dumps({**written(RESULT), "lesson": "no-more"}) + "\n[]\n{}\n")
    assert Records(file).results == [RESULT]
    assert file.stat().st_mode & 0o077 == 0


def test_a_record_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="--records"):
        Records(tmp_path)

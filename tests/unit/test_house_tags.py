"""`daozha tags …` at a desk: exit codes, what people read, and what programs get."""

import json
from pathlib import Path

import pytest

from scada.__main__ import main
from scada.sim.trial.ports import free_port
from tests.support.house import ROOT
from tests.support.plc import SHIPPED

Out = pytest.CaptureFixture[str]
SITE = ["--config", str(ROOT / "config.toml")]
DEVICES = ["--devices", str(SHIPPED / "devices.csv")]


def changed(folder: Path, old: str, new: str) -> str:
    text = (SHIPPED / "tags.csv").read_text(encoding="utf-8")
    assert old in text
    (folder / "changed.csv").write_text(text.replace(old, new), encoding="utf-8")
    return str(folder / "changed.csv")


def test_lint_tells_programs_every_field_of_a_finding(tmp_path: Path, capsys: Out) -> None:
    bad = changed(tmp_path, "in1.plc.boot,plc1,HR1,u16", "in1.plc.boot,plc1,1.10,u16")
    assert main(["tags", "lint", bad, *DEVICES, *SITE, "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    (found,) = told["findings"]
    assert (found["code"], found["row"], found["column"], found["severity"]) == ("E04", 3, "address", "error")
    assert found["remedy"]


def test_lint_of_a_good_map_ends_with_0(capsys: Out) -> None:
    assert main(["tags", "lint", *SITE]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_diff_ends_with_0_1_or_2_and_says_which_links_are_made_anew(tmp_path: Path, capsys: Out) -> None:
    same, other = str(SHIPPED / "tags.csv"), changed(tmp_path, "in1.plc.boot,plc1,HR1", "in1.plc.boot,plc1,HR50")
    assert main(["tags", "diff", same, same, *DEVICES, *SITE]) == 0
    assert "nothing differs" in capsys.readouterr().out
    assert main(["tags", "diff", same, other, *DEVICES, *SITE]) == 1
    told = capsys.readouterr().out
    assert "changed device plc1: the link is made anew; lanes in1" in told
    assert "changed in1.plc.boot: address HR1 → HR50" in told
    assert main(["tags", "diff", same, other, *DEVICES, *SITE, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["devices"][0]["restarts"] is True
    assert main(["tags", "diff", same, str(tmp_path / "none.csv"), *DEVICES, *SITE]) == 2


def test_show_puts_all_forms_of_an_address_side_by_side(capsys: Out) -> None:
    assert main(["tags", "show", "in1.loop.safety", *SITE]) == 0
    assert "HR4.1 = 40004.1 = %QW4.1 = wire 0x0004" in capsys.readouterr().out
    assert main(["tags", "show", "nothing.*", *SITE]) == 1


def test_export_and_import_go_round_by_kepware(tmp_path: Path, capsys: Out) -> None:
    kepware = str(tmp_path / "kepware.csv")
    assert main(["tags", "export", "--format", "kepware", *SITE]) == 2
    assert "--device" in capsys.readouterr().err
    assert main(["tags", "export", "--format", "kepware", "--device", "plc1", "--output", kepware, *SITE]) == 0
    assert main(["tags", "import", kepware]) == 2
    assert main(["tags", "import", kepware, "--device", "plc1", "--output", str(tmp_path / "ours.csv")]) == 0
    assert "in1.loop.safety,plc1,HR4.1,bool" in (tmp_path / "ours.csv").read_text(encoding="utf-8-sig")


def test_import_of_telegraf_writes_its_devices_too(tmp_path: Path, capsys: Out) -> None:
    telegraf = str(tmp_path / "telegraf.toml")
    assert main(["tags", "export", "--format", "telegraf", "--device", "plc1", "--output", telegraf, *SITE]) == 0
    ours, devices = str(tmp_path / "tags.csv"), str(tmp_path / "devices.csv")
    assert main(["tags", "import", telegraf, "--output", ours, "--devices-output", devices]) == 0
    assert main(["tags", "lint", ours, "--devices", devices, *SITE]) == 2
    assert "E19" in capsys.readouterr().err


def test_an_exported_workbook_lints_as_its_map_does(tmp_path: Path) -> None:
    book = str(tmp_path / "tags.xlsx")
    assert main(["tags", "export", "--format", "xlsx", "--output", book, *SITE]) == 0
    assert main(["tags", "lint", book, *DEVICES, *SITE]) == 0


def test_lint_counts_one_error_as_one_and_names_no_column_where_there_is_none(tmp_path: Path, capsys: Out) -> None:
    assert main(["tags", "lint", str(tmp_path / "none.csv"), *DEVICES, *SITE]) == 2
    told = capsys.readouterr()
    assert "none.csv: 1 error, 0 warnings" in told.out
    assert "none.csv:1: E00: " in told.err


@pytest.mark.parametrize("form", ["csv", "xlsx", "kepware", "telegraf"])
def test_export_of_a_device_that_there_is_not_says_so(capsys: Out, form: str) -> None:
    assert main(["tags", "export", "--format", form, "--device", "plc9", *SITE]) == 2
    told = capsys.readouterr()
    assert "there is no device 'plc9'; there are: plc1, ua1" in told.err
    assert not told.out


def test_what_cannot_be_written_is_told_with_its_file(tmp_path: Path, capsys: Out) -> None:
    nowhere, kepware = str(tmp_path / "none" / "tags.csv"), str(tmp_path / "kepware.csv")
    assert main(["tags", "export", "--output", nowhere, *SITE]) == 2
    assert f"{nowhere}: cannot be written: No such file" in capsys.readouterr().err
    assert main(["tags", "export", "--format", "kepware", "--device", "plc1", "--output", kepware, *SITE]) == 0
    assert main(["tags", "import", kepware, "--device", "plc1", "--output", nowhere]) == 2
    assert f"{nowhere}: cannot be written: No such file" in capsys.readouterr().err


def test_import_of_neither_kepwares_nor_telegrafs_file_names_both(capsys: Out) -> None:
    assert main(["tags", "import", str(SHIPPED / "tags.csv"), "--device", "plc1"]) == 2
    told = capsys.readouterr().err
    assert "tags.csv: neither Kepware's CSV (it has no head 'Tag Name') nor Telegraf's" in told


def test_watch_of_devices_that_do_not_answer_ends_with_1(tmp_path: Path, capsys: Out) -> None:
    table = (SHIPPED / "devices.csv").read_text(encoding="utf-8").replace(",5020,", f",{free_port()},")
    (tmp_path / "devices.csv").write_text(table, encoding="utf-8")
    words = ["in1.gate.up", "--direct", "--seconds", "0.3", "--devices", str(tmp_path / "devices.csv")]
    assert main(["tags", "watch", *words, *SITE]) == 1
    assert "NOT_CONNECTED" in capsys.readouterr().out


def test_reload_without_a_plant_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["tags", "reload", "--by", "tina", *SITE]) == 2
    assert "no plant runs" in capsys.readouterr().err

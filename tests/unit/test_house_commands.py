"""The command `daozha`: help, exit codes, and what the small sub-commands answer."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from plc.tagmap import examine
from scada.__main__ import main
from scada.check.online import ways_to
from scada.clock import clock_from
from scada.commands import run as run_command
from scada.config import load
from tests.support.cameras import BadCamera
from tests.support.house import ROOT, http_server, site_beside
from tests.support.store import rows_of

Out = pytest.CaptureFixture[str]


def test_help_lists_every_command_and_the_exit_codes(capsys: Out) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    for command in (
        "run",
        "sim",
        "drill",
        "check",
        "tags",
        "quote",
        "read-plate",
        "models",
        "report",
        "audit",
        "replay",
        "uncertain",
        "migrate",
        "user",
        "rights",
        "merchant",
        "voucher",
        "card",
        "arrears",
        "certs",
    ):
        assert re.search(rf"^    {command}\b", told, re.MULTILINE), command
    assert "exit codes: 0 done" in told


def test_a_command_that_does_not_exist_ends_with_2(capsys: Out) -> None:
    with pytest.raises(SystemExit) as left:
        main(["fly"])
    assert left.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_check_of_a_good_site_ends_with_0(capsys: Out) -> None:
    assert main(["check", "--config", str(ROOT / "config.toml")]) == 0
    assert "good" in capsys.readouterr().out


def test_check_of_a_bad_site_ends_with_2_and_tells_programs_the_same(tmp_path: Path, capsys: Out) -> None:
    file = site_beside(tmp_path, ("port = 8081", "port = 8080"))
    assert main(["check", "--config", str(file)]) == 2
    told = capsys.readouterr()
    assert f"{file}:" in told.err
    assert "web.public.port" in told.err
    assert main(["check", "--json", "--config", str(file)]) == 2
    assert [one["key"] for one in json.loads(capsys.readouterr().out)["mistakes"]] == ["web.public.port"]


def test_run_of_a_bad_site_tells_what_check_tells_and_ends_with_2(tmp_path: Path, capsys: Out) -> None:
    file = site_beside(tmp_path, ("port = 8081", "port = 8080"))
    assert main(["run", "--config", str(file)]) == 2
    assert "web.public.port" in capsys.readouterr().err


def test_run_refuses_a_fast_clock_and_simulators_at_real_gates(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_command, "check", lambda _file: [])
    file = site_beside(tmp_path, ("virtual = true", "virtual = false"))
    assert main(["run", "--with-sim", "--config", str(file)]) == 2
    assert main(["run", "--speed", "20", "--config", str(file)]) == 2
    assert "real gates" in capsys.readouterr().err


def test_run_names_the_port_that_another_program_holds(tmp_path: Path, capsys: Out) -> None:
    with http_server(204) as port:
        file = site_beside(tmp_path, ("port = 8082", f"port = {port}"))
        assert main(["run", "--config", str(file)]) == 1
    assert f"port {port} (web.devices.port) is taken" in capsys.readouterr().err


def test_business_time_goes_on_from_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load(site_beside(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    times = []
    for speed in (60.0, 60.0, 5.0, 300.0):
        monkeypatch.delenv("DAOZHA_CLOCK", raising=False)
        run_command._set_clock(config, speed)
        clock = clock_from()
        assert clock.speed == speed
        times.append(clock.now())
    assert times == sorted(times)
    monkeypatch.delenv("DAOZHA_CLOCK")


def test_the_first_password_and_the_address_are_told_in_plain_words(capsys: Out) -> None:
    desk = run_command._FrontDesk(load(ROOT / "config.toml"))
    desk.hear("plant", "FIRST-PASSWORD abcd-ef01")
    desk.hear("plant", "something else")
    desk.welcome()
    told = capsys.readouterr()
    assert re.search(r"password +abcd-ef01", told.out)
    assert "http://127.0.0.1:8080" in told.out
    assert "daozha user passwd NAME" in told.out
    assert "FIRST-PASSWORD" not in told.out
    assert "plant: something else" in told.err


def test_check_online_tells_what_answers_and_what_does_not(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "word").write_text("s3cret")
    (tmp_path / "word").chmod(0o600)
    word = f'user = "eye"\npassword_file = "{tmp_path / "word"}"'
    with http_server(200) as port, BadCamera("digest") as camera:
        file = site_beside(
            tmp_path,
            ('base_url = "http://127.0.0.1:8092"', f'base_url = "http://127.0.0.1:{port}"'),
            ('source = "http://127.0.0.1:8091/cam-in1.mjpg"', f'source = "{camera.address}"\n{word}'),
            ('source = "http://127.0.0.1:8091/cam-out1.mjpg"', 'source = "http://127.0.0.1:9/cam-out1.mjpg"'),
        )
        assert main(["check", "--online", "--json", "--config", str(file)]) == 2
    told = json.loads(capsys.readouterr().out)
    answers = {one["name"]: one["answer"] for one in told["reached"]}
    assert "WeChat Pay" in answers
    assert answers["camera cam-in1"] == "a picture of 160 × 90"
    [refused] = [one["what"] for one in told["mistakes"] if one["key"] == "cameras[1].source"]
    assert "the connection is refused" in refused


def test_check_online_tries_every_way_to_a_device_and_none_to_a_simulated_one(tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("tag,device,address,type\nx1.a,one,HR0,u16\n", encoding="utf-8")
    rows = "one,modbus-tcp,10.0.0.1,502,10.0.0.2,,,\nline,modbus-rtu,,,,,/dev/null,\nnone,modbus-tcp,h,502,,,,1\n"
    table = tmp_path / "devices.csv"
    table.write_text(f"device,protocol,host,port,host2,port2,serial,simulated\n{rows}", encoding="utf-8")
    found = examine(tmp_path / "tags.csv", table)[0].devices
    ways = {name: [way[:2] for way in ways_to(device, tmp_path)] for name, device in found.items()}
    assert ways == {
        "one": [("host, port", "10.0.0.1:502"), ("host2, port2", "10.0.0.2:502")],
        "line": [("serial", "/dev/null")],
        "none": [],
    }
    ((_, _, find),) = ways_to(found["line"], tmp_path)
    assert find() == "the port is there"


def test_a_stay_is_priced_and_explained(capsys: Out) -> None:
    words = ["quote", "--config", str(ROOT / "config.toml"), "--entry", "2026-05-01T08:00", "--exit"]
    assert main([*words, "2026-05-01T10:30", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total_fen"] == 1500
    assert main([*words, "2026-05-01T07:00"]) == 2
    assert main([*words, "tomorrow"]) == 2
    assert "write it like 2026-05-01T08:00" in capsys.readouterr().err
    assert main([*words, "2026-05-01T10:30"]) == 0
    assert "15.00 yuan" in capsys.readouterr().out


def test_the_shipped_tag_map_is_clean_and_a_broken_one_ends_with_2(tmp_path: Path, capsys: Out) -> None:
    assert main(["tags", "lint", "--config", str(ROOT / "config.toml")]) == 0
    broken = tmp_path / "tags.csv"
    broken.write_text("tag,device,address,type\nin1.gate.up,plc9,HR4.4,bool\n")
    assert main(["tags", "lint", "--config", str(ROOT / "config.toml"), str(broken)]) == 2
    assert "E03" in capsys.readouterr().err


@pytest.mark.usefixtures("any_database")
def test_people_are_added_and_get_new_passwords_and_the_chain_stays_whole(tmp_path: Path, capsys: Out) -> None:
    file = str(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    assert main(["migrate", "--config", file]) == 0
    assert main(["user", "add", "wang", "--role", "manager", "--config", file]) == 0
    assert main(["user", "add", "wang", "--config", file]) == 2
    assert main(["user", "passwd", "wang", "--config", file]) == 0
    assert main(["user", "passwd", "nobody", "--config", file]) == 2
    told = capsys.readouterr()
    assert "there is nobody of the name 'nobody'; there are: wang" in told.err
    passwords = re.findall(r"^wang  (\S+)$", told.out, re.MULTILINE)
    assert len(set(passwords)) == 2
    assert main(["audit", "verify", "--config", file]) == 0


@pytest.mark.usefixtures("any_database")
def test_rights_are_given_listed_and_taken_back_and_the_journal_says_by_whom(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "wang")
    file = str(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    given = ["rights", "add", "京a·12345", "--kind", "month", "--config", file, "--until", "2099-12-31"]
    assert main([*given, "--card", "C1", "--spaces", "2"]) == 0
    assert main(given) == 2
    assert "is month in the register already" in capsys.readouterr().err
    assert main(["rights", "list", "--json", "--config", file]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["plate"], told["kind"], told["until"]) == ("京A12345", "month", "2099-12-31")
    assert (told["card"], told["spaces"]) == ("C1", "2")
    removal = ["rights", "remove", "京A12345", "--kind", "month", "--config", file]
    assert main(removal) == 0
    assert main(removal) == 1
    assert "rights list" in capsys.readouterr().err
    assert main(["rights", "list", "--config", file]) == 0
    assert "0 rights" in capsys.readouterr().out
    rows = rows_of(Path(file), "select actor, what from journal where kind = 'person' order by n")
    assert rows == [("wang", "right added"), ("wang", "right removed")]
    assert main(["audit", "verify", "--config", file]) == 0


def test_a_file_of_rights_is_taken_whole_or_not_at_all(tmp_path: Path, capsys: Out) -> None:
    file = str(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    rights = tmp_path / "rights.csv"
    imported = ["rights", "import", str(rights), "--config", file]
    rights.write_text("plate,kind,zone\n京A12345,white,lot\n京A1,vip,roof\n", "utf-8")
    assert main(imported) == 2
    told = capsys.readouterr().err
    for mistake in (":3: plate: '京A1'", ":3: kind: 'vip'", ":3: zone: 'roof'", "nothing was taken"):
        assert mistake in told
    rights.write_text("plate,kind\n京A12345,white\n京A12346,white\n", "utf-8-sig")
    assert main(imported) == 0
    assert main(imported) == 2
    assert capsys.readouterr().err.count("in the register already") == 2
    rights.write_bytes("plate,kind,note\n京A12347,white,张\n".encode("gb18030"))
    assert main(imported) == 2
    assert "CSV UTF-8" in capsys.readouterr().err
    assert main(["rights", "import", str(tmp_path / "none.csv"), "--config", file]) == 2
    capsys.readouterr()
    assert main(["rights", "list", "京A12346", "--json", "--config", file]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


@pytest.mark.usefixtures("any_database")
def test_a_forged_journal_is_found(tmp_path: Path, capsys: Out) -> None:
    file = str(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    assert main(["user", "add", "wang", "--config", file]) == 0
    rows_of(Path(file), "update journal set actor = 'li'")
    assert main(["audit", "verify", "--config", file]) == 1
    assert "broken at entry 1" in capsys.readouterr().err


def test_a_site_without_a_file_ends_with_2(tmp_path: Path, capsys: Out) -> None:
    missing = str(tmp_path / "none.toml")
    for words in (
        ["check"],
        ["run"],
        ["migrate"],
        ["tags", "lint"],
        ["quote", "--entry", "2026-01-01", "--exit", "2026-01-01"],
    ):
        assert main([*words, "--config", missing]) == 2, words
    assert "none.toml" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["sim", "drill"])
def test_sim_and_drill_answer_for_themselves(command: str) -> None:
    asked = [sys.executable, "-m", "scada", command, "--help"]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False, env=os.environ)
    assert done.returncode == 0
    assert f"daozha {command}" in done.stdout

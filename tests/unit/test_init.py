"""`daozha init`: a site is there whole or not at all, asks in two languages, and keeps what was there."""

import io
import os
import re
import stat
from pathlib import Path

import pytest

from scada import shipped
from scada.__main__ import main
from scada.check import check
from scada.commands.init.answers import answers_of, read_answers
from scada.commands.init.lay import UNDER_WAY
from scada.commands.init.site import real
from scada.commands.init.words import WORDS
from scada.config import load
from tests.support.store import rows_of

Out = pytest.CaptureFixture[str]
ANSWERS = shipped.INSTALL / "answers.toml"
WECHAT = """
[wechat]
mchid = "1900000001"
appid = "wx0000000000000001"
merchant_certificate_file = "apiclient_cert.pem"
private_key_file = "apiclient_key.pem"
apiv3_key_file = "apiv3_key.txt"
[influx]
url = "http://127.0.0.1:8086"
bucket = "parking"
token_file = "token.txt"
"""


def set_up(folder: Path, *more: str, answers: Path = ANSWERS) -> int:
    words = ["init", str(folder), "--answers", str(answers), "--yes", "--data", str(folder / "data")]
    return main([*words, "--backups", str(folder / "backups"), *more])


def told_answers(folder: Path, more: str = WECHAT) -> Path:
    file = folder / "answers.toml"
    file.write_text(ANSWERS.read_text(encoding="utf-8") + more, encoding="utf-8")
    for name in ("apiclient_cert.pem", "apiclient_key.pem", "apiv3_key.txt", "token.txt"):
        (folder / name).write_text(f"what is in {name}\n")
    return file


def people(config: Path) -> list[tuple[object, ...]]:
    found = rows_of(config, "SELECT name, role, must_change FROM operator")
    return [(name, role, bool(must_change)) for name, role, must_change in found]


def test_a_site_by_answers_lacks_only_what_nobody_can_answer_for(tmp_path: Path, capsys: Out) -> None:
    assert set_up(tmp_path / "s") == 1
    told = capsys.readouterr()
    assert "First sign-in: admin  " in told.out
    assert "daozha tariff sign" in told.out
    errors = {one.key for one in check(tmp_path / "s" / "config.toml") if one.severity == "error"}
    assert errors == {"tariff.folder"} | {
        f"wechat.{key}"
        for key in (
            "merchant_certificate_file",
            "private_key_file",
            "apiv3_key_file",
            "public_key_file",
            "public_key_id_file",
        )
    }
    config = load(tmp_path / "s" / "config.toml")
    assert [lane.name for lane in config.lanes] == ["in1", "out1"]

    assert people(tmp_path / "s" / "config.toml") == [("admin", "administrator", True)]


def test_the_lanes_tags_are_those_of_the_shipped_map_and_lint_finds_nothing(tmp_path: Path, capsys: Out) -> None:
    set_up(tmp_path / "s")
    capsys.readouterr()
    assert main(["tags", "lint", "--config", str(tmp_path / "s" / "config.toml")]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_units_and_proxy_are_written_with_the_sites_own_names_and_folders(tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    text = (
        ANSWERS.read_text(encoding="utf-8").replace("park.example.com", "p.lot.cn").replace("control.example", "c.lot")
    )
    answers.write_text(
        text.replace('"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"', '"10.7.0.0/24"'), encoding="utf-8"
    )
    set_up(tmp_path / "s", "--port", "9000", answers=answers)
    folder = tmp_path / "s" / "install"
    proxy = (folder / "nginx.conf").read_text(encoding="utf-8")
    assert re.findall(r"server_name (\S+)", proxy) == ["_;", "c.lot.com", "c.lot.com;", "p.lot.cn;"]
    assert re.findall(r"allow (\S+);", proxy) == ["10.7.0.0/24"]
    assert re.findall(r"server (127\S+);", proxy) == ["127.0.0.1:9000", "127.0.0.1:9001"]
    told = "".join((folder / f"daozha{name}.service").read_text() for name in ("", "-backup"))
    assert set(re.findall(r"--config (\S+)", told)) == {str(tmp_path / "s" / "config.toml")}
    assert f"ReadWritePaths={tmp_path}/s/data {tmp_path}/s/backups" in told


def test_secrets_are_copied_and_nobody_else_may_read_them(tmp_path: Path) -> None:
    set_up(tmp_path / "s", answers=told_answers(tmp_path))
    for name in ("wechat/merchant_cert.pem", "wechat/merchant_key.pem", "wechat/apiv3_key.txt", "influx_token.txt"):
        assert stat.S_IMODE((tmp_path / "s" / "data" / name).stat().st_mode) == 0o600
    config = load(tmp_path / "s" / "config.toml")
    assert config.wechat.public_key_file is None
    assert config.history.influx is not None
    assert config.secret(config.wechat.apiv3_key_file).read_text() == "what is in apiv3_key.txt\n"


def test_a_secret_that_is_not_there_leaves_nothing_written(tmp_path: Path, capsys: Out) -> None:
    answers = told_answers(tmp_path)
    (tmp_path / "apiv3_key.txt").unlink()
    assert set_up(tmp_path / "s", answers=answers) == 2
    assert "apiv3_key.txt: No such file" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_nothing_is_written_over_unless_somebody_says_so_and_then_it_is_kept(tmp_path: Path, capsys: Out) -> None:
    folder = tmp_path / "s"
    set_up(folder)
    (folder / "config.toml").write_text("mine")
    assert set_up(folder) == 2
    assert "config.toml, devices.csv" in capsys.readouterr().err
    assert (folder / "config.toml").read_text() == "mine"
    assert set_up(folder, "--again") == 1
    assert [file.read_text() for file in folder.glob("before-*/config.toml")] == ["mine"]
    assert "nobody was added" in capsys.readouterr().err


def test_a_set_up_that_was_killed_is_no_site_and_the_next_one_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, moves = tmp_path / "s", []

    def rename(path: Path, target: Path) -> None:
        moves.append(path)
        if len(moves) == 3:
            raise KeyboardInterrupt
        os.rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        set_up(folder)
    assert not (folder / "config.toml").exists()
    assert (folder / UNDER_WAY).is_dir()
    assert set_up(folder) == 1
    assert load(folder / "config.toml").site.id == "lot1"
    assert not (folder / UNDER_WAY).exists()
    assert not list(folder.glob("before-*"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "lot1"', 'id = "Lot 1"', "site.id"),
        ("spaces = 120", "spaces = 0", "site.spaces"),
        ('drivers = "park.example.com"', 'drivers = "control.example.com"', "two different host names"),
        ('"10.0.0.0/8"', '"10.0.0.0/99"', "is no network"),
        ('name = "out1"', 'name = "in1"', "named twice"),
        ("[site]", "[sites]", "site: Field required"),
    ],
)
def test_a_bad_answer_is_named_and_nothing_is_written(
    old: str, new: str, told: str, tmp_path: Path, capsys: Out
) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(ANSWERS.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert set_up(tmp_path / "s", answers=answers) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_conversation_in_chinese_makes_the_same_site_as_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    said = [
        "lot1",
        "示范停车场",
        "Sample car park",
        "many",
        "120",
        "",
        "",
        "",
        "",
        "modbus-tcp",
        "10.0.8.21",
        "",
        "",
        "",
    ]
    said += ["rtsp://10.0.8.11:554/Streaming/Channels/102", "", "", "", "", "opcua", "10.0.8.22", "", ""]
    said += ["rtsp://10.0.8.12:554/Streaming/Channels/102", "", "", "", "", "", "", "", "", "", "", ""]
    said += ["short", "correct horse 9", "correct house 9", "correct horse 9", "correct horse 9"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(said) + "\n"))
    folder = tmp_path / "s"
    words = ["--language", "zh", "--data", str(folder / "data"), "--backups", str(folder / "backups")]
    assert main(["init", str(folder), *words]) == 1
    told = capsys.readouterr()
    assert "可以以系统管理员身份登录" in told.out
    assert "两次输入不一致" in told.err
    assert "correct horse" not in told.out + told.err
    answers = {**read_answers(ANSWERS), "data": str(folder / "data"), "backups": str(folder / "backups")}
    assert (folder / "config.toml").read_text() == real(answers_of(answers, ""), folder).texts["config.toml"]
    assert people(folder / "config.toml") == [("admin", "administrator", False)]


def test_whoever_leaves_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("lot1\n"))
    assert main(["init", str(tmp_path / "s"), "--language", "en"]) == 2
    assert "there is no site yet" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_real_site_is_not_guessed(tmp_path: Path, capsys: Out) -> None:
    assert main(["init", str(tmp_path / "s"), "--yes"]) == 2
    assert "add --answers FILE, or --virtual" in capsys.readouterr().err


def test_every_question_is_there_in_both_languages() -> None:
    for english, chinese in WORDS.values():
        assert english != chinese or english == "appid" or english.startswith("daozha run")

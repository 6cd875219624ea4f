"""The long runs: what was good is not played again, what failed is, and nobody's stop loses what was done."""

import sys
from pathlib import Path

import pytest

from tests.soak import run
from tests.soak.run import Long
from tests.soak.steady import Look, grown


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two parts, of which each writes down that it ran; the second fails."""
    log = tmp_path / "log"

    def part(key: str, code: int) -> Long:
        text = f"open({str(log)!r}, 'a').write('{key} '); print('{{\"n\": 1}}'); raise SystemExit({code})"
        return Long(key, f"part {key}", [sys.executable, "-c", text])

    monkeypatch.setattr(run, "runs", lambda: [part("one", 0), part("two", 1)])
    monkeypatch.setattr(run, "DONE", tmp_path / "done")
    monkeypatch.setattr(run, "REPORT", tmp_path / "soak.md")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "_commit", lambda: "abc")
    return log


def test_what_was_good_on_this_commit_is_left_out(played: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run.main([]) == 1
    assert run.main([]) == 1
    assert played.read_text() == "one two two "
    report = run.REPORT.read_text()
    assert "| part one |" in report
    assert "| abc | 0.0 | FAILED |" in report
    assert run.main(["one"]) == 0
    monkeypatch.setattr(run, "_commit", lambda: "abd")
    run.main([])
    assert played.read_text() == "one two two one one two "


def test_a_part_that_there_is_not_is_refused_and_the_list_says_what_is_known(
    played: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run.main(["three"])
    assert "there is no part three" in capsys.readouterr().err
    run.main(["two"])
    run.main(["--list"])
    told = capsys.readouterr().out
    assert "never played here" in told
    assert "FAILED on abc" in told
    assert played.read_text() == "two "


def test_parts_have_names_of_their_own() -> None:
    keys = [long.key for long in run.runs()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (Look(108.0, 12, 40), []),
        (Look(130.0, 12, 40), ["plant: memory grew from 100.0 to 130.0 MB"]),
        (Look(100.0, 20, 40), ["plant: threads grew from 12 to 20"]),
        (Look(100.0, 12, 60), ["plant: descriptors grew from 40 to 60"]),
    ],
)
def test_what_grows_is_told(late: Look, told: list[str]) -> None:
    seen = [Look(60.0, 5, 20)] * 10 + [Look(100.0, 12, 40)] * 30 + [late] * 10
    assert grown({"plant": seen}) == told

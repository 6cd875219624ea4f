"""A camera's real process before a camera that misbehaves: a short form of `tests.soak.cameras`."""

from pathlib import Path

from tests.soak.cameras import tried


def test_whatever_a_camera_does_no_answer_is_late_and_no_plate_is_another_cars(tmp_path: Path) -> None:
    trial = tried(tmp_path, ["hangs in a part", "same for ever", "torn"])
    assert trial.wrong == []
    assert trial.late == []
    assert trial.answers["good again: read"] == trial.turns == 3

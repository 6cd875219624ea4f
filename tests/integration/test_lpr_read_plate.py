"""`daozha read-plate` on drawn pictures: its lines, its JSON, its summary, and what it says of what it cannot read."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.picture import Picture
from lpr.sim.drawing.plates import draw_plate
from lpr.sim.drawing.scene import draw_road, draw_scene
from lpr.sim.drawing.styles import Style
from scada.__main__ import main
from scada.model.plate import Plate

Out = pytest.CaptureFixture[str]
KEYS = ["file", "text", "kind", "colour", "confidence", "accepted", "alternatives", "ms"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw a scene, a plate and nothing else, an empty road, and a picture that is cut off; with labels."""
    place = tmp_path_factory.mktemp("pictures")
    pictures: dict[str, Picture] = {
        "车.png": draw_scene(Plate("京A12345"), 4),
        "plate.png": np.asarray(cv2.resize(draw_plate(Plate("沪B67890"), Style.YELLOW), (220, 70)), np.uint8),
        "road.png": draw_road(4),
    }
    for name, picture in pictures.items():
        (place / name).write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    jpeg = cv2.imencode(".jpg", pictures["车.png"])[1].tobytes()
    (place / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 20])
    rows = [
        "file,plate",
        "车.png,京·A12345",
        "plate.png,沪B67891",
        "road.png,京A00000",
        "cut.jpg,京A12345",
        "gone.jpg,京A1",
    ]
    (place / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    return place


def test_each_picture_is_a_line_with_what_a_lane_would_read(folder: Path, capsys: Out) -> None:
    assert main(["read-plate", str(folder / "车.png"), str(folder / "road.png")]) == 0
    scene, road = capsys.readouterr().out.splitlines()
    assert scene.startswith(f"{folder}/车.png: 京A12345  ordinary  BLUE  0.9")
    assert "  accepted  " in scene
    assert road.startswith(f"{folder}/road.png: no plate  ")


def test_programs_get_an_object_a_line_and_a_summary_last(folder: Path, capsys: Out) -> None:
    assert main(["read-plate", "--json", str(folder / "plate.png"), str(folder / "road.png")]) == 0
    plate, road, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(plate) == list(road) == KEYS
    assert (plate["text"], plate["kind"], plate["colour"]) == ("沪B67890", "ordinary", "YELLOW")
    assert plate["accepted"] is (plate["confidence"] >= 0.8)
    assert plate["ms"] > 0
    assert (road["text"], road["kind"], road["colour"], road["accepted"]) == (None, None, None, False)
    assert list(last["summary"]) == ["n", "exact", "accepted", "accepted_exact", "ms_p50"]
    assert (last["summary"]["n"], last["summary"]["exact"]) == (2, None)


def test_with_labels_alone_all_their_pictures_are_read_and_summed_up(folder: Path, capsys: Out) -> None:
    assert main(["read-plate", "--json", "--gate", "0.5", "--labels", str(folder / "labels.csv")]) == 0
    told = capsys.readouterr()
    *rows, last = (json.loads(line) for line in told.out.splitlines())
    assert [row["file"] for row in rows] == ["车.png", "plate.png", "road.png", "cut.jpg", "gone.jpg"]
    assert [row["text"] for row in rows] == ["京A12345", "沪B67890", None, None, None]
    assert last["summary"] | {"ms_p50": 0} == {"n": 5, "exact": 1, "accepted": 2, "accepted_exact": 1, "ms_p50": 0}
    assert "cut.jpg: no picture, or one that is cut off" in told.err
    assert "gone.jpg" in told.err


def test_with_labels_and_pictures_only_these_are_read_and_a_wrong_read_is_told(folder: Path, capsys: Out) -> None:
    labels = str(folder / "labels.csv")
    assert main(["read-plate", "--labels", labels, str(folder / "plate.png"), str(folder / "cut.jpg")]) == 0
    told = capsys.readouterr()
    line, summary = told.out.splitlines()
    assert line.endswith("(it is 沪B67891)")
    assert summary.startswith("2 plates known: exact 0 (0.0%); accepted at 0.8: ")
    assert "cut.jpg" in told.err


def test_no_plate_is_the_answer_no_and_a_picture_that_is_not_there_is_a_mistake(folder: Path, capsys: Out) -> None:
    assert main(["read-plate", str(folder / "road.png")]) == 1
    assert main(["read-plate", str(folder / "cut.jpg")]) == 1
    assert main(["read-plate", str(folder / "none.jpg")]) == 2
    assert "none.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name pictures"),
        (["--labels", "none.csv"], "none.csv"),
        (["--labels", "other.csv"], "no column plate"),
        (["--labels", "empty.csv"], "no rows"),
        (["--labels", "gbk.csv"], "gbk.csv"),
        (["--back-end", "Z", "x.jpg"], "no back end 'Z'"),
    ],
)
def test_what_cannot_be_tried_is_said_before_anything_is_read(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.csv").write_text("file,number\na.jpg,1\n", encoding="utf-8")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "gbk.csv").write_bytes("file,plate\n车.jpg,京A12345\n".encode("gbk"))
    assert main(["read-plate", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_gate_is_a_probability(capsys: Out) -> None:
    with pytest.raises(SystemExit) as left:
        main(["read-plate", "--gate", "80", "x.jpg"])
    assert left.value.code == 2
    assert "not between 0 and 1" in capsys.readouterr().err

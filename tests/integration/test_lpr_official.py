"""Back end A: the real package with networks of ours, and the guard around it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lpr.backend.official import OfficialReader, worth
from lpr.models import CLASSIFIER, OFFICIAL_RECOGNISER, VARIABLE, Y5FU_320, Y5FU_640
from lpr.picture import Picture
from lpr.process.wire import Settings, encode
from scada.model.plate import PlateColour, PlateKind
from tests.support.house import ROOT
from tests.support.networks import Spot, classifier, detector, frame_with, official_folder, recogniser
from tests.support.official import PLATE

LIMIT_S = 60


def run(folder: Path, what: str, home: Path | None) -> dict[str, Any]:
    """Have it done in a process of its own, with this home or none."""
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "http_proxy", "https_proxy")}
    env |= {"PYTHONPATH": str(ROOT)} | ({"HOME": str(home)} if home else {})
    command = [sys.executable, "-m", "tests.support.official", str(folder), what]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with HyperLPR3's four files, as we built them."""
    place = official_folder(tmp_path / "models")
    rows = [PLATE, Spot(20, 20, 100, 30, objectness=0.1)]
    detector(place / Y5FU_320.name, 320, rows)
    detector(place / Y5FU_640.name, 640, rows)
    classifier(place / CLASSIFIER.name, [0.8, 0.1, 0.1])
    recogniser(place / OFFICIAL_RECOGNISER.name, "皖A12345", 0.9)
    return tmp_path / "models"


def test_the_package_asks_the_network_when_anybody_imports_it(tmp_path: Path) -> None:
    told = run(tmp_path, "import", tmp_path)
    assert "socket.getaddrinfo" in told["seen"] or "socket.connect" in told["seen"]
    assert told["refused"] == "ConnectionError"


def test_without_its_files_it_is_never_imported_and_no_socket_is_opened(tmp_path: Path) -> None:
    told = run(tmp_path / "models", "read", tmp_path)
    assert "y5fu_320x_sim.onnx is missing" in told["refused"]
    assert told["seen"] == []
    assert not (tmp_path / ".hyperlpr3").exists()


def test_with_one_file_missing_it_is_never_imported(models: Path, tmp_path: Path) -> None:
    (official_folder(models) / OFFICIAL_RECOGNISER.name).unlink()
    told = run(models, "read", tmp_path)
    assert "rpv3_mdict_160_r3.onnx is missing" in told["refused"]
    assert told["seen"] == []


@pytest.mark.parametrize("has_home", [True, False])
def test_with_its_files_it_reads_asks_nobody_and_leaves_the_home_alone(
    models: Path, tmp_path: Path, has_home: bool
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    told = run(models, "read", home if has_home else None)
    assert not {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"} & set(told["seen"])
    assert told["same_home"]
    assert not (home / ".hyperlpr3").exists()
    [guess] = told["guesses"]
    assert (guess["text"], guess["back_end"], guess["sign_probs"]) == ("皖A12345", "A", [])
    assert guess["reported"] == pytest.approx(0.9, abs=0.01)
    assert guess["calibrated"] == pytest.approx(0.7, abs=0.04)
    assert (round(guess["corners"][0][0]), round(guess["width_px"])) == (230, 176)
    assert "not thread-safe" in told["second"]


def test_a_camera_whose_back_end_cannot_start_says_why_and_ends(tmp_path: Path) -> None:
    settings = Settings("cam-in1", str(tmp_path), (), 60, str(tmp_path), back_end="A")
    env = {**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: str(tmp_path)}
    command = [sys.executable, "-m", "lpr.worker"]
    done = subprocess.run(
        command, input=encode(settings), capture_output=True, env=env, cwd=ROOT, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 2
    assert b"not A: y5fu_320x_sim.onnx is missing" in done.stderr


def a_catcher(*found: Sequence[Any]) -> OfficialReader:
    return OfficialReader(lambda _frame: found, ((0.9, 0.8),))


BOX = [10, 20, 110, 52]


@pytest.mark.parametrize(
    ("text", "code", "kind", "colour", "layers"),
    [
        ("京A12345", 0, PlateKind.ORDINARY, PlateColour.BLUE, 1),
        ("京AD12345", 3, PlateKind.NEW_ENERGY, PlateColour.GREEN, 1),
        ("京A1234学", 0, PlateKind.LEARNER, PlateColour.UNKNOWN, 1),
        ("沪A1234领", 0, PlateKind.CONSULATE, PlateColour.BLACK, 1),
        ("皖A12345挂", 3, PlateKind.TRAILER, PlateColour.UNKNOWN, 2),
        ("皖A12345", 9, PlateKind.ORDINARY, PlateColour.YELLOW, 2),
    ],
)
def test_its_words_become_ours(text: str, code: int, kind: PlateKind, colour: PlateColour, layers: int) -> None:
    [guess] = a_catcher([text, np.float32(0.95), code, BOX]).read(frame_with())
    assert (guess.text, guess.kind, guess.colour, guess.layers) == (text, kind, colour, layers)
    assert guess.corners == ((10.0, 20.0), (110.0, 20.0), (110.0, 52.0), (10.0, 52.0))
    assert type(guess.reported) is float


def test_a_string_that_is_no_plate_is_none() -> None:
    assert a_catcher(["京京12345", 0.99, 0, BOX], ["A123456", 0.99, 0, BOX]).read(frame_with()) == []


def test_what_is_not_a_number_is_nothing() -> None:
    [guess] = a_catcher(["京A12345", np.float32("nan"), 0, BOX]).read(frame_with())
    assert (guess.reported, guess.min_prob) == (0.0, 0.0)


def test_a_frame_that_it_stumbles_over_has_no_plate() -> None:
    def stumbles(_frame: Picture) -> Sequence[Sequence[Any]]:
        raise cv2.error("warpPerspective: an empty picture")

    assert OfficialReader(stumbles, ()).read(frame_with()) == []


def test_a_mean_is_worth_what_the_site_found_and_nothing_below_or_without() -> None:
    points = ((0.9, 0.5), (0.96, 0.8))
    assert [worth(mean, points) for mean in (0.89, 0.9, 0.96, 1.0)] == [0.0, 0.5, 0.8, 0.8]
    assert worth(0.93, points) == pytest.approx(0.65)
    assert worth(0.99, ()) == 0.0

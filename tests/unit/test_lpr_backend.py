"""The back ends of the plate reader: which one reads, why not the others, and what each may claim."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lpr import backend
from lpr.backend import Able, look, open_reader, outlook
from lpr.backend.ladder import SURE, merged
from lpr.backend.worth import LEAST_READS, calibration_of
from lpr.backend.y5fu import Y5fuDetector
from lpr.models import (
    CLASSIFIER,
    DETECTOR,
    OFFICIAL_RECOGNISER,
    RECOGNISER,
    TEXT_DETECTOR,
    Y5FU_320,
    Y5FU_640,
    ModelError,
)
from lpr.reader.network import NetworkError
from scada.model.plate import PlateColour
from tests.support.lpr import guess
from tests.support.networks import (
    SIZE,
    Spot,
    as_they_are,
    classifier,
    detector,
    frame_with,
    official_folder,
    recogniser,
    with_real,
)

PLATE = Spot(230, 220, 176, 56)
OTHER = Spot(30, 60, 176, 56)
OFF = Spot(230, 190, 120, 56)
"""Beside the plate: what is cut out there can hardly be read."""
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Give a function that puts detectors and a classifier into a models folder, and has them believed."""

    def put(small: list[Spot], large: list[Spot] | None = None, grounds: list[float] | None = None) -> Path:
        with_real(tmp_path, RECOGNISER)
        detector(official_folder(tmp_path) / Y5FU_320.name, 320, small)
        if large is not None:
            detector(official_folder(tmp_path) / Y5FU_640.name, 640, large)
        if grounds is not None:
            classifier(official_folder(tmp_path) / CLASSIFIER.name, grounds)
        monkeypatch.setattr(backend, "BACK_ENDS", as_they_are(tmp_path))
        return tmp_path

    return put


def named(name: str) -> backend.BackEnd:
    return next(end for end in backend.BACK_ENDS if end.name == name)


def test_a_mean_passes_no_gate_until_the_site_has_found_what_it_is_worth() -> None:
    mean_only = replace(guess("京A12345", 0.9), sign_probs=(), reported=0.99)
    assert (mean_only.min_prob, mean_only.weight, mean_only.mean_prob) == (0.0, 0.0, 0.99)
    worth = replace(mean_only, calibrated=0.85)
    assert (worth.min_prob, worth.weight) == (0.85, 0.85)


def test_a_fresh_machine_reads_with_b_and_says_why_not_with_c(tmp_path: Path) -> None:
    opened = open_reader(folder=with_real(tmp_path, DETECTOR, TEXT_DETECTOR, RECOGNISER))
    assert (opened.reader.name, [one.back_end for one in opened.refused]) == ("B", ["C"])
    assert "y5fu_320x_sim.onnx is missing" in str(opened)
    assert "B: clp_det.onnx 1bb07d36" in str(opened)


def test_c_is_taken_before_b_as_soon_as_its_smallest_file_is_there(install: Install) -> None:
    folder = install([PLATE])
    opened = open_reader(folder=folder)
    assert (opened.reader.name, opened.refused) == ("C", ())
    assert "without y5fu_640x_sim.onnx, which is missing" in str(opened)
    assert f"y5fu_320x_sim.onnx {opened.by.files[0].sha256[:8]}" in str(opened)


def test_a_named_back_end_is_taken_or_none(install: Install) -> None:
    folder = install([PLATE])
    with pytest.raises(ModelError, match=r"not B: clp_det\.onnx is missing"):
        open_reader("B", folder=folder)
    with pytest.raises(ModelError, match=r"not A: y5fu_640x_sim\.onnx is missing"):
        open_reader("A", folder=folder)
    with pytest.raises(ModelError, match="choose auto or one of A, B, C"):
        open_reader("D", folder=folder)


def test_a_is_never_taken_unless_it_is_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install([PLATE], [PLATE], [1, 0, 0])
    recogniser(official_folder(folder) / OFFICIAL_RECOGNISER.name, "京A12345")
    monkeypatch.setattr(backend, "BACK_ENDS", as_they_are(folder))
    assert isinstance(look(named("A"), folder), Able)
    (folder / "ch_PP-OCRv4_rec_infer.onnx").unlink()
    able, refused = outlook(folder=folder)
    assert (able, [one.back_end for one in refused]) == (None, ["C", "B"])


def test_a_damaged_large_detector_costs_the_large_detector_only(install: Install) -> None:
    folder = install([PLATE], [PLATE])
    large = official_folder(folder) / Y5FU_640.name
    large.write_bytes(large.read_bytes()[:1000])
    opened = open_reader(folder=folder)
    assert opened.reader.name == "C"
    assert "without y5fu_640x_sim.onnx, which sha256 is" in str(opened)


def test_a_file_that_fits_its_hash_and_is_no_network_is_a_refusal(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install([PLATE])
    (official_folder(folder) / Y5FU_320.name).write_bytes(b"no network")
    monkeypatch.setattr(backend, "BACK_ENDS", as_they_are(folder))
    with pytest.raises(ModelError, match=r"not C: load .*y5fu_320x_sim\.onnx"):
        open_reader(folder=folder)


def test_a_detector_for_pictures_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="not a picture of 320 pixels square"):
        Y5fuDetector(detector(tmp_path / "other.onnx", 640, []), 320)


def test_a_detection_is_told_in_pixels_of_the_frame(tmp_path: Path) -> None:
    rows = [replace(PLATE, single=0.8), replace(OTHER, single=0.1, double=0.7), replace(OTHER, top=300, objectness=0.2)]
    nearly_the_same = replace(PLATE, left=PLATE.left + 6, objectness=0.5)
    for side_px in (320, 640):
        network = Y5fuDetector(detector(tmp_path / f"{side_px}.onnx", side_px, [*rows, nearly_the_same]), side_px)
        first, second = network.find(frame_with())
        assert (first.layers, second.layers) == (1, 2)
        assert [round(float(value)) for value in first.plate.corners.ravel()] == [
            230,
            220,
            406,
            220,
            406,
            276,
            230,
            276,
        ]
        assert first.plate.score == pytest.approx(0.9 * 0.8)


def test_a_tall_frame_is_boxed_at_its_sides(tmp_path: Path) -> None:
    tall = (SIZE[1], SIZE[0])
    network = Y5fuDetector(detector(tmp_path / "tall.onnx", 320, [PLATE], tall), 320)
    [seen] = network.find(frame_with().transpose(1, 0, 2).copy())
    assert [round(float(value)) for value in seen.plate.corners[0]] == [230, 220]


def test_c_reads_with_our_recogniser_what_their_detector_sees(install: Install) -> None:
    folder = install([PLATE, OTHER])
    reader = open_reader(folder=folder).reader
    guesses = reader.read(frame_with(("皖A12345", PLATE), ("粤BD12345", OTHER)))
    assert {guess.text for guess in guesses} == {"皖A12345", "粤BD12345"}
    first = guesses[0]
    assert (first.back_end, first.layers, round(first.width_px)) == ("C", 1, 176)
    assert len(first.sign_probs) in (7, 8)
    assert 0 < first.min_prob <= 1
    assert first.detection == pytest.approx(0.81)


def test_a_plate_of_two_rows_is_read_as_two_rows(install: Install) -> None:
    double = Spot(200, 150, 220, 110, single=0.1, double=0.9)
    folder = install([double])
    [found] = open_reader(folder=folder).reader.read(frame_with(("皖A12345", double)))
    assert found.layers == 2


def test_the_large_detector_is_asked_where_the_small_one_was_not_sure(install: Install) -> None:
    folder = install([OFF], [PLATE])
    [found] = open_reader(folder=folder).reader.read(frame_with(("皖A12345", PLATE)))
    assert (found.text, found.min_prob > SURE) == ("皖A12345", True)


def test_the_large_detector_is_left_alone_where_the_small_one_was_sure(install: Install) -> None:
    folder = install([PLATE], [OTHER])
    [found] = open_reader(folder=folder).reader.read(frame_with(("皖A12345", PLATE), ("粤BD12345", OTHER)))
    assert found.text == "皖A12345"


def test_what_only_one_detector_saw_counts_and_of_two_readings_the_surer() -> None:
    small = [guess("京A12345", 0.6, x=300), guess("京A99999", 0.7, x=900)]
    large = [guess("京A12346", 0.8, x=310), guess("京A99998", 0.5, x=905), guess("沪B11111", 0.4, x=600)]
    assert {one.text for one in merged(small, large)} == {"京A12346", "京A99999", "沪B11111"}
    assert merged([], large) == large


def test_a_ground_without_hue_is_told_by_the_classifier_if_it_is_there(install: Install) -> None:
    grey = frame_with(("京A12345", PLATE))
    grey[:] = grey.mean(axis=2, keepdims=True)
    assert [one.colour for one in open_reader(folder=install([PLATE])).reader.read(grey)] == [PlateColour.UNKNOWN]
    folder = install([PLATE], grounds=[0.1, 0.2, 0.7])
    assert [one.colour for one in open_reader(folder=folder).reader.read(grey)] == [PlateColour.YELLOW]
    blue = frame_with(("京A12345", PLATE))
    assert [one.colour for one in open_reader(folder=folder).reader.read(blue)] == [PlateColour.BLUE]


def test_a_picture_that_is_nothing_but_a_plate_is_read_too(install: Install) -> None:
    crop = frame_with(("皖A12345", PLATE))[220:276, 230:406].copy()
    [found] = open_reader(folder=install([], [])).reader.read(crop)
    assert (found.text, found.detection, found.width_px) == ("皖A12345", 0.0, 176.0)


def test_an_empty_frame_has_no_plate(install: Install) -> None:
    assert open_reader(folder=install([], [])).reader.read(frame_with()) == []


def test_the_points_of_a_calibration_keep_what_they_promise() -> None:
    sure = [(0.97 + number / 10_000, True) for number in range(200)]
    doubtful = [(0.90 + number / 10_000, number % 30 > 0) for number in range(300)]
    wrong = [(0.80 + number / 10_000, False) for number in range(100)]
    points = calibration_of([*wrong, *doubtful, *sure])
    assert [confidence for _, confidence in points] == [0.5, 0.8]
    for (mean, _), share in zip(points, (0.98, 0.99), strict=True):
        above = [is_right for one, is_right in [*wrong, *doubtful, *sure] if one >= mean]
        assert sum(above) >= share * len(above)
    assert points == tuple(sorted(points))


def test_too_few_reads_and_reads_that_are_mostly_wrong_say_nothing() -> None:
    assert calibration_of([(0.99, True)] * (LEAST_READS - 1)) == ()
    assert calibration_of([(0.99, number % 10 > 0) for number in range(200)]) == ()
    assert calibration_of([]) == ()


def test_wrong_reads_with_the_same_mean_count_too() -> None:
    assert calibration_of([(0.99, number < 60) for number in range(100)]) == ()
    assert calibration_of([(0.99, True)] * 60) == ((0.99, 0.8),)

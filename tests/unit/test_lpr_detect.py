"""The detector's anchors and the geometry of corners (`lpr.md` §1 B)."""

import numpy as np
import pytest

from lpr.reader.detect import Found, anchors
from lpr.reader.network import order_corners, pushed_out, sides, straighten

SQUARE = np.array([[0, 0], [100, 0], [100, 40], [0, 40]], np.float32)


def test_anchors_lie_row_by_row_both_sizes_a_cell_and_cover_a_broken_edge() -> None:
    laid = anchors(100, 50)
    cells = 13 * 7 + 7 * 4 + 4 * 2
    assert laid.shape == (2 * cells, 4)
    pixels = laid * np.array([100, 50, 100, 50], np.float32)
    assert pixels[0] == pytest.approx([4, 4, 24, 24])
    assert pixels[1] == pytest.approx([4, 4, 48, 48])
    assert pixels[2] == pytest.approx([12, 4, 24, 24])
    assert pixels[2 * 13] == pytest.approx([4, 12, 24, 24])
    assert pixels[2 * 13 * 7] == pytest.approx([8, 8, 96, 96])
    assert pixels[-1] == pytest.approx([3.5 * 32, 1.5 * 32, 768, 768])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1), (3, 2, 1, 0)])
def test_corners_come_in_one_order_whatever_order_they_had(order: tuple[int, ...]) -> None:
    assert order_corners(SQUARE[list(order)]).tolist() == SQUARE.tolist()


def test_sides_are_the_longer_of_opposite_ones() -> None:
    assert sides(np.array([[0, 0], [100, 0], [90, 40], [0, 30]], np.float32)) == pytest.approx((100, 41.23), abs=0.01)


@pytest.mark.parametrize("degrees", [0, 20, 50, -20, -50])
def test_a_plate_seen_at_any_angle_has_its_long_sides_above_and_below(degrees: float) -> None:
    turn = np.deg2rad(degrees)
    turned = SQUARE @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    ordered = order_corners(np.asarray(turned[[2, 0, 3, 1]], np.float32))
    assert ordered == pytest.approx(turned, abs=0.01)
    assert sides(ordered) == pytest.approx((100, 40), abs=0.1)


def test_sides_pushed_out_stay_around_the_same_middle() -> None:
    pushed = pushed_out(SQUARE, 0.1, 0.25)
    assert pushed.mean(axis=0).tolist() == SQUARE.mean(axis=0).tolist()
    assert sides(pushed) == pytest.approx((120, 60))
    tilted = SQUARE + np.array([[0, 0], [0, 30], [0, 30], [0, 0]], np.float32)
    assert pushed_out(tilted, 0.1, 0).tolist() == pytest.approx(
        np.array([[-10, -3], [110, 33], [110, 73], [-10, 37]]), abs=1e-3
    )


@pytest.mark.parametrize(("height", "layers"), [(31, (1,)), (47, (1, 2)), (60, (2, 1))])
def test_the_shape_says_how_many_rows_a_plate_may_have(height: int, layers: tuple[int, ...]) -> None:
    corners = np.array([[0, 0], [100, 0], [100, height], [0, height]], np.float32)
    assert Found(corners, 0.9).layers == layers


def test_a_quadrilateral_is_cut_out_straight() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[30:70, 50:150] = 255
    cut = straighten(picture, SQUARE + np.array([50, 30], np.float32))
    assert cut is not None
    assert cut.shape == (40, 100, 3)
    assert cut.mean() > 240


def test_a_speck_cannot_be_cut_out() -> None:
    assert straighten(np.zeros((100, 200, 3), np.uint8), np.asarray(SQUARE / 20, np.float32)) is None


def test_a_plate_is_cut_out_in_the_size_that_is_asked_for_and_loses_no_line() -> None:
    picture = np.zeros((600, 1000, 3), np.uint8)
    picture[::2] = 255
    large = np.asarray(SQUARE * 8 + 50, np.float32)
    cut = straighten(picture, large, (100, 40))
    assert cut is not None
    assert cut.shape == (40, 100, 3)
    assert np.abs(cut.astype(int) - 127).max() < 30

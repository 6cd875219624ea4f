"""The laws of a trend: between low and high, every spike shown, no gap bridged, and as the slow reckoning says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scada.model.tag import TagName
from scada.model.trend import DAY_MS, HOUR_MS, NO_DATA, Curve, Grid, Sample, Series, Source, grid
from scada.store.historian.columns import Row, columns, fill
from scada.store.historian.points import from_unix_ms
from tests.support.trends import BAD, plain

TAG = TagName("in1.cabinet.temperature")
VALUES = st.integers(-50, 50).map(float) | st.floats(-1e6, 1e6)
CODES = st.sampled_from([0, 0, 0, 0x40900000, 0x80050000])


def _row(at: int, value: float, code: int) -> Row:
    return at, None if code >= BAD else value, None, code


ROWS = st.lists(st.tuples(st.integers(0, 2000), VALUES, CODES), max_size=40, unique_by=lambda row: row[0]).map(
    lambda rows: [_row(*row) for row in sorted(rows)]
)
CUTS = st.builds(Grid, st.integers(0, 1500), st.integers(1, 200), st.integers(1, 20))
CURVES = st.sampled_from(Curve)
NOWS = st.integers(0, 3000)


def series_of(cut: Grid, curve: Curve, rows: list[Row], now_ms: int) -> Series:
    earlier = [row for row in rows if row[0] < cut.start_ms]
    before = Sample(from_unix_ms(earlier[-1][0]), *earlier[-1][1:]) if earlier else None
    rest = rows[len(earlier) :]
    within = [row for row in rest if row[0] < cut.end_ms]
    return fill(TAG, curve, cut, before, columns(rest[: len(within) + 1]), now_ms)


def _close(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and math.isclose(one, other, abs_tol=1e-6))


@given(CUTS, CURVES, ROWS, NOWS)
def test_every_bucket_is_as_the_slow_reckoning_says(cut: Grid, curve: Curve, rows: list[Row], now_ms: int) -> None:
    found = list(series_of(cut, curve, rows, now_ms).buckets)
    for bucket, seen in zip(found, plain(cut, curve, rows, now_ms), strict=True):
        assert bucket.known.total_seconds() * 1000 == seen.known_ms
        assert _close(bucket.mean, seen.mean)
        assert _close(bucket.low, seen.low)
        assert _close(bucket.high, seen.high)
        assert _close(bucket.first, seen.values[0] if seen.values else None)
        assert _close(bucket.last, seen.values[-1] if seen.values else None)
        assert bucket.worst == seen.worst


@given(CUTS, CURVES, ROWS, NOWS)
def test_the_mean_lies_between_low_and_high_and_a_spike_is_never_lost(
    cut: Grid, curve: Curve, rows: list[Row], now_ms: int
) -> None:
    series = series_of(cut, curve, rows, now_ms)
    for bucket in series.buckets:
        if bucket.mean is not None:
            assert bucket.low is not None
            assert bucket.high is not None
            assert bucket.low <= bucket.mean <= bucket.high
    for at, value, _, code in rows:
        if cut.start_ms <= at < cut.end_ms and value is not None and code < BAD:
            index = (at - cut.start_ms) // cut.step_ms
            low, high = series.low[index], series.high[index]
            assert low is not None
            assert high is not None
            assert low <= value <= high
    assert sum(series.points) == sum(cut.start_ms <= row[0] < cut.end_ms for row in rows)


@given(CUTS, CURVES, ROWS, NOWS)
def test_a_gap_is_never_bridged(cut: Grid, curve: Curve, rows: list[Row], now_ms: int) -> None:
    """Where the value was bad or unknown for a while, the bucket says so; where it was so all the time, it has none."""
    series = series_of(cut, curve, rows, now_ms)
    for index, (seen, known, mean) in enumerate(
        zip(plain(cut, curve, rows, now_ms), series.known_ms, series.mean, strict=True)
    ):
        if seen.known_ms == 0:
            assert (known, mean) == (0, None)
        if seen.worst >= BAD:
            assert known < cut.step_ms
            assert series.worst[index] >= BAD


@given(st.integers(0, 10**13), st.integers(1, 10 * 366 * DAY_MS), st.integers(1, 4000), st.integers(0, 23))
def test_there_are_never_more_buckets_than_pixels_and_they_cover_the_range(
    since: int, length: int, pixels: int, phase: int
) -> None:
    cut = grid(since, since + length, pixels, phase * HOUR_MS)
    assert 1 <= cut.count <= pixels
    assert cut.start_ms <= since
    assert cut.end_ms >= since + length
    if cut.source is Source.POINTS:
        assert cut.start_ms == since
    if cut.source is Source.HOURS:
        assert cut.start_ms % HOUR_MS == 0
    if cut.source is Source.DAYS:
        assert (cut.start_ms - phase * HOUR_MS) % DAY_MS == 0


def test_a_state_shows_its_last_text_and_no_number() -> None:
    rows: list[Row] = [(5, None, "idle", 0), (12, None, "open", 0), (14, None, None, BAD), (25, None, "idle", 0)]
    series = series_of(Grid(0, 10, 4), Curve.STEP, rows, 100)
    assert series.texts == ("idle", "open", "idle", "idle")
    assert series.mean == (None,) * 4
    assert series.known_ms == (5, 4, 5, 10)


@pytest.mark.parametrize("rows", [[], [(1, None, None, BAD)]])
def test_a_tag_of_which_nothing_is_known_has_no_value_anywhere(rows: list[Row]) -> None:
    series = series_of(Grid(0, 10, 2), Curve.STEP, rows, 100)
    assert (series.mean, series.low, series.last) == ((None, None),) * 3
    assert series.worst[0] == NO_DATA

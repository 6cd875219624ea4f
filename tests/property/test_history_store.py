"""However points come, are packed, rolled up and forgotten: the file answers as a plain dictionary would."""

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scada.model.tag import TagName
from scada.model.trend import HOUR_MS, Curve, Grid
from scada.store.historian.columns import Row
from scada.store.historian.embedded import sealing
from scada.store.historian.keeping import Keeping
from tests.support.history import MIDNIGHT_MS, HandHistory
from tests.support.trends import BAD, plain

CURVES = {TagName("in1.gate.motor_a"): Curve.STEP, TagName("in1.cabinet.temperature"): Curve.LINE}
KEEPING = Keeping(raw_days=2)
DAY_S = 86_400

POINT = st.tuples(
    st.integers(-DAY_S, 0),
    st.integers(-30, 30).map(lambda n: n / 4) | st.sampled_from([1e6, 0.1]),
    st.sampled_from([0, 0, 0, 0, BAD | 0x50000]),
)
STORE = st.tuples(st.sampled_from(list(CURVES)), st.lists(POINT, min_size=1, max_size=12))
PASS = st.integers(1, 40)
Step = tuple[TagName, list[tuple[int, float, int]]] | int | None
STEPS: st.SearchStrategy[list[Step]] = st.lists(STORE | STORE | PASS | st.none(), min_size=1, max_size=14)
"""Points to store, hours that pass, or None: the file is looked after."""


class Model:
    """What the file should know: every point ever, and those still kept."""

    def __init__(self) -> None:
        self.ever: dict[TagName, dict[int, Row]] = {name: {} for name in CURVES}
        self.kept: dict[TagName, dict[int, Row]] = {name: {} for name in CURVES}

    def store(self, name: TagName, rows: Sequence[Row]) -> None:
        for row in rows:
            self.ever[name][row[0]] = self.kept[name][row[0]] = row

    def forget(self, before_ms: int) -> None:
        for rows in self.kept.values():
            last = max((at for at in rows if at < before_ms), default=None)
            if last is None:
                continue
            hour_ms = last // HOUR_MS * HOUR_MS
            anchor = max((at for at in rows if at < hour_ms), default=hour_ms)
            for at in [at for at in rows if at < anchor]:
                del rows[at]


def _rows(now_ms: int, points: Sequence[tuple[int, float, int]]) -> list[Row]:
    rows = {now_ms + after * 1000: (value, code) for after, value, code in points}
    return [(at, None if code >= BAD else value, None, code) for at, (value, code) in rows.items()]


def _agrees(history: HandHistory, model: Model, name: TagName) -> None:
    expected = [model.kept[name][at] for at in sorted(model.kept[name])]
    assert list(map(repr, history.rows(name))) == list(map(repr, expected))
    assert history.rows(name, 3) == expected[:3]
    until_ms = history.now_ms // HOUR_MS * HOUR_MS + HOUR_MS
    since_ms = MIDNIGHT_MS - 24 * HOUR_MS
    hours = (until_ms - since_ms) // HOUR_MS
    ever = [model.ever[name][at] for at in sorted(model.ever[name])]
    found = list(history.trend(name, since_ms, until_ms, hours).buckets)
    seen = plain(Grid(since_ms, HOUR_MS, hours), CURVES[name], ever, history.now_ms)
    for bucket, one in zip(found, seen, strict=True):
        assert bucket.known.total_seconds() * 1000 == one.known_ms, bucket
        assert bucket.worst == one.worst, bucket
        for value, other in ((bucket.mean, one.mean), (bucket.low, one.low), (bucket.high, one.high)):
            assert value == other or (
                value is not None and other is not None and math.isclose(value, other, abs_tol=1e-6)
            ), bucket


@settings(max_examples=30)
@given(STEPS)
def test_a_history_answers_as_a_dictionary_would(steps: list[Step]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "CHUNK_POINTS", 8)
        patch.setattr(sealing, "FULL_POINTS", 4)
        history, model = HandHistory(Path(folder) / "history.db", CURVES, KEEPING), Model()
        try:
            for step in steps:
                match step:
                    case int(hours):
                        history.clock.advance(hours * 3600)
                    case (name, points):
                        rows = _rows(history.now_ms, points)
                        history.store(name, rows)
                        model.store(name, rows)
                    case None:
                        history.look_after()
                        model.forget(KEEPING.raw_since_ms(history.now_ms))
                for name in CURVES:
                    _agrees(history, model, name)
        finally:
            history.close()

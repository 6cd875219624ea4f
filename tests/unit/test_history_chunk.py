"""How small chunks get: what repeats is found, and noise is not searched for what it does not have."""

import zlib

import numpy as np

from scada.store.historian.columns import Columns
from scada.store.historian.embedded import codec

COUNT = 4096


def _chunk(value: np.ndarray[tuple[int], np.dtype[np.float64]], step_ms: int = 1000) -> Columns:
    return Columns(step_ms * np.arange(COUNT, dtype=np.int64), value, np.zeros(COUNT, np.int64))


def test_a_pattern_that_repeats_takes_next_to_nothing() -> None:
    pattern = np.random.default_rng(1).normal(20, 5, 64).round(1)
    assert len(codec.encode(_chunk(np.tile(pattern, COUNT // 64)))) / COUNT < 0.2


def test_noise_is_packed_by_runs_and_hardly_larger_for_it() -> None:
    packed = codec.encode(_chunk(np.random.default_rng(1).normal(0, 1e9, COUNT).round(2)))
    body = zlib.decompress(packed[codec._HEAD.size :])
    by_search = zlib.compress(body, codec.LEVEL)
    assert packed[codec._HEAD.size :] != by_search
    assert len(packed) < 1.1 * len(by_search)

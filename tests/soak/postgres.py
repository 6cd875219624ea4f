"""A drill whose tables are in PostgreSQL: `python -m tests.soak.postgres --cars 100`, and other options of a drill."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.postgres import PostgresProcess

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Start a server that syncs like a site's, run a drill on it, and give its exit code."""
    with PostgresProcess() as server, tempfile.TemporaryDirectory(prefix="dz-") as folder:
        secret = Path(folder) / "database_url.txt"
        secret.touch(0o600)
        secret.write_text(server.url(server.make()), encoding="utf-8")
        command = [sys.executable, "-m", "scada", "drill", "--json", "--database", str(secret), *sys.argv[1:]]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""The process that makes a report loads little: a person waits for it."""

import subprocess
import sys

HEAVY = ("alembic", "cryptography", "numpy", "openpyxl", "psycopg", "reportlab", "rich", "structlog")
"""What belongs to the plant, to the command line, or to forms of which a report may want none."""


def test_the_process_that_makes_a_report_waits_for_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys; import scada.commands.reports.child; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert set(told.stdout.split()) & set(HEAVY) == set()

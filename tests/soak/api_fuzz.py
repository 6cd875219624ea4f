"""The long form of tests/integration/test_api_fuzz.py: `python -m tests.soak.api_fuzz --examples 200`."""

import argparse
import json
import sys

from tests.support.api_fuzz import try_all


def main() -> int:
    """Ask everything; 1 if anything broke or was overstepped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--only", default="", help="routes that begin so")
    asked = parser.parse_args()
    tried = try_all(asked.examples, asked.only)
    for fault in tried.faults[:20]:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(json.dumps({"asked": tried.asked, "statuses": tried.statuses, "faults": len(tried.faults)}) + "\n")
    return 1 if tried.faults else 0


if __name__ == "__main__":
    sys.exit(main())

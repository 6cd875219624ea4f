"""What must never stand in the tree: secrets, registries' addresses, paths of one machine, unfinished work."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import ROOT

VENDORED = ("hmi/static/vendor/",)
TEXT = {
    ".py",
    ".toml",
    ".txt",
    ".md",
    ".csv",
    ".js",
    ".mjs",
    ".css",
    ".html",
    ".po",
    ".json",
    ".svg",
    ".st",
    ".pem",
    ".key",
    "",
}
SECRET = re.compile(
    r"BEGIN (?:RSA |EC |ENCRYPTED )?PRIVATE KEY-----\n[A-Za-z0-9+/=]"
    r"|(?:api_?v3_?key|secret_?key|passwd|password|token)\s*[:=]\s*[\"'][0-9A-Za-z+/_-]{24,}[\"']",
    re.IGNORECASE,
)
REGISTRY = re.compile(
    r"--(?:extra-)?index-url|--find-links|--trusted-host|\"resolved\"\s*:|@ https?://|"
    r"https?://[^\s\"']*(?:pypi|/simple/|registry|mirror)[^\s\"']*"
)
MACHINE = re.compile(r"(?<![\w.])/(?:home|Users|root)/\w+")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b|raise NotImplementedError|except[^:\n]*:\s*pass\b")


def tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in TEXT and path.is_file() and not name.startswith(VENDORED) and path != Path(__file__):
            yield path


def found(pattern: re.Pattern[str], paths: Iterator[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {match[0][:60]}"
        for path in paths
        if (match := pattern.search(path.read_text("utf-8", errors="replace")))
    ]


def test_no_file_holds_a_secret() -> None:
    assert found(SECRET, tracked()) == []


def test_no_lock_file_holds_a_registry_address() -> None:
    locks = [p for p in tracked() if re.search(r"requirements|lock|package.*\.json$|constraints", p.name)]
    assert locks
    assert found(REGISTRY, iter(locks)) == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    assert found(MACHINE, tracked()) == []


def test_no_work_is_left_unfinished() -> None:
    assert found(UNFINISHED, (path for path in tracked() if path.suffix == ".py")) == []


def test_every_package_is_pinned_with_a_hash() -> None:
    for name in ("requirements.txt", "requirements-postgres.txt", "requirements-dev.txt"):
        blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text("utf-8"))
        assert all("==" in block and "--hash=sha256:" in block for block in blocks), name


@pytest.mark.parametrize("source", ["scada", "plc", "lpr", "billing", "hmi"])
def test_every_module_says_on_top_what_it_is_for(source: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / source).rglob("*.py"))
        if path.stat().st_size and not path.read_text("utf-8").lstrip().startswith('"""')
    ]
    assert silent == []

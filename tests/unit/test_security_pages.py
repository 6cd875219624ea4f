"""docs/security.md and docs/threats.md name a test for each thing that they claim, and each of those tests exists."""

import ast
import re

import pytest

from tests.support.house import ROOT

PAGES = ("security.md", "threats.md")
NAMED = re.compile(r"`(test_\w+)`")
CLASSES = (
    "without sign-in", "by a header", "built-in secret", "token or role raised", "code as a feature", "outside its",
    "import, zip, upload", "SQL injection", "files that others can read", "secrets in answers", "SSRF", "others hear",
    "XSS", "CSRF", "open redirect", "deserialisation", "flood of calls", "forged payment", "forged plate", "known hole",
)  # fmt: skip
"""Every class of weakness by which peers of ours were broken (the HMI reference, section 8)."""
CROSSINGS = (
    "PLC field net", "cameras", "units", "control room browsers", "drivers' phones", "WeChat", "InfluxDB, PostgreSQL",
    "LDAP, OIDC", "remote rooms", "mail, webhooks", "backups", "imports, USB", "operators' machine",
)  # fmt: skip


def rows(page: str) -> list[list[str]]:
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells if not set("".join(row)) <= {"-"}]


def known_tests() -> set[str]:
    found = set[str]()
    for path in (ROOT / "tests").rglob("test_*.py"):
        if "node_modules" in path.parts:
            continue
        found.add(path.stem)
        tree = ast.parse(path.read_text("utf-8"))
        found |= {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    named = set(NAMED.findall((ROOT / "docs" / page).read_text("utf-8")))
    assert len(named) > 20
    assert sorted(named - known_tests()) == []


def test_every_class_of_weakness_has_a_test() -> None:
    table = {row[0]: row[2] for row in rows("security.md") if len(row) == 3}
    table.pop("class")
    assert [name for name, test in table.items() if not NAMED.search(test)] == []
    assert [one for one in CLASSES if not any(one.lower() in name.lower() for name in table)] == []


def test_every_crossing_and_chapter_says_what_holds() -> None:
    told = rows("threats.md")
    assert [one for one in CROSSINGS if not any(row[0] == one for row in told)] == []
    stride = [row for row in told if len(row) == 4 and re.match(r"[STRIDE](, [STRIDE])*: ", row[1])]
    assert len(stride) >= 35
    assert [row[1] for row in stride if not NAMED.search(row[3])] == []
    assert {letter for row in stride for letter in row[1].split(":")[0].split(", ")} == set("STRIDE")
    chapters = [row for row in told if re.match(r"V\d+ ", row[0])]
    assert [row[0].split()[0] for row in chapters] == [f"V{n}" for n in range(1, 18)]
    assert [row[0] for row in chapters[:-1] if not NAMED.search(row[2])] == []

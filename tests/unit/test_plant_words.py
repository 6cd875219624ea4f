"""What the plant says to the control room has Chinese: refusals, deeds, and what is found in a map or a sheet."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hmi.i18n import build
from tests.support.house import ROOT

REFUSALS = frozenset({"BridgeRefusal", "NotNow", "SignInRefused", "PasswordRefused", "NotLetIn"})
DOORS = (
    "scada/engine/doors", "scada/engine/settings", "scada/maps", "scada/store/people", "scada/store/operators.py",
    "scada/model/alarm", "billing/doors", "lpr/aiming",
)  # fmt: skip
ELSEWHERE = {
    "peer.py", "claims.py", "tickets.py", "driver.py", "host.py", "shop.py", "staff.py", "me.py", "bills.py",
    "mycards.py", "myhelp.py", "myvouchers.py",
}  # fmt: skip
"""Doors of phones and of other programs, whose pages have words of their own."""
FINDINGS = frozenset({"error", "warning", "_warn", "Fault", "_fault", "_Bad"})
SHAPES = re.compile(r"^[\w-]+: |a day like|ISO 8601|with its zone|whole numbers|in base64|must be an object")
"""What only a program hears: it has sent an argument that no page of ours sends."""


def said(node: ast.expr) -> Iterator[str]:
    """Give the texts that an expression says: what is filled in stands as a sign."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*said(body), *said(orelse))
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=values):
            parts = (one.value if isinstance(one, ast.Constant) else _filled(one) for one in values)
            yield "".join(map(str, parts))
        case _:
            return


def _filled(node: ast.expr) -> str:
    return "'7'" if isinstance(node, ast.FormattedValue) and node.conversion == ord("r") else "7"


def calls(places: tuple[str, ...], names: frozenset[str]) -> Iterator[str]:
    """Give every text of several words that is handed to functions of these names."""
    for place in places:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.name not in ELSEWHERE:
                yield from _in(file, names)


def _in(file: Path, names: frozenset[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(getattr(node.func, "value", None), "id", "") != "log":
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            handed = [*node.args, *(one.value for one in node.keywords)] if name in names else []
            yield from (text for one in handed for text in said(one) if " " in text.strip())


def lacking(texts: Iterator[str]) -> list[str]:
    """Give the texts that no entry of the catalogue fits."""
    known = [str(message.id) for message in build.known() if message.id]
    parts = (re.split(r"\{\w+\}", text) for text in known if "{" in text and not is_vague(text))
    shapes = [re.compile("(.+?)".join(map(re.escape, one))) for one in parts if re.search(r"[^{}\w]", "".join(one))]
    return sorted({one for one in texts if one not in known and not any(shape.fullmatch(one) for shape in shapes)})


def is_vague(text: str) -> bool:
    """Say whether a text has so little between two parts that the pages do not look for it in sentences."""
    plain = re.sub(r"\{\w+\}", "", text)
    return bool(re.fullmatch(r"\{\w+\}.*\{\w+\}", text)) and len(re.sub("[^A-Za-z]", "", plain)) < 5


def test_every_refusal_that_a_person_meets_in_the_control_room_has_chinese() -> None:
    assert [one for one in lacking(calls(DOORS, REFUSALS)) if not SHAPES.search(one)] == []


def why_not() -> Iterator[str]:
    """Give why a person at the desk may not do a thing now."""
    told = ast.parse((ROOT / "scada/model/desk/legal.py").read_text("utf-8"))
    for given in (node.value for node in ast.walk(told) if isinstance(node, ast.Return) and node.value is not None):
        either = (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,)
        yield from (str(one.value) for one in either if isinstance(one, ast.Constant) and " " in str(one.value))


def test_every_reason_why_a_deed_is_not_offered_has_chinese() -> None:
    assert len(found := set(why_not())) > 5
    assert lacking(iter(found)) == []


SHEETS = ("billing/plates/sheet.py", "billing/bookings/sheet.py")


@pytest.mark.parametrize("place", ["plc/map", "plc/protocols", "plc/s7.py", *SHEETS])
def test_every_finding_of_lint_and_its_remedy_have_chinese(place: str) -> None:
    assert lacking(calls((place,), FINDINGS)) == []


def deeds() -> Iterator[str]:
    """Give what people do, as the journal has it."""
    for file in sorted(one for place in ("scada", "billing", "lpr") for one in (ROOT / place).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="JournalEntry"),
                    args=[ast.Constant(value="person" | "look"), _, ast.Constant(value=str() as what), *_],
                ):
                    yield what.replace("_", " ")
                case _:
                    continue


def test_every_deed_that_the_audit_log_shows_has_chinese() -> None:
    assert len(found := set(deeds())) > 10
    assert lacking(iter(found)) == []

"""What would make foreign bytes into code stands nowhere in the product: looked for in the syntax."""

import ast
import os
import pathlib
import pickle
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from billing.sim.wechat.books.safe import Safe
from billing.sim.wechat.crypto import Caller
from tests.support.house import ROOT

SOURCES = ("scada", "plc", "lpr", "billing", "hmi")
MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml", "jsonpickle", "imp", "xmlrpc", "dbm"}
CALLS = {"eval", "exec", "compile", "__import__", "execfile"}
ATTRIBUTES = {
    ("os", "system"), ("os", "popen"), ("tempfile", "mktemp"), ("ssl", "_create_unverified_context"),
    ("extractall", ""), ("unpack_archive", ""), ("mark_safe", ""), ("Markup", ""), ("render_template_string", ""),
}  # fmt: skip
ALLOWED = {
    "billing/sim/wechat/books/safe.py: import pickle": "the simulator's own books; only its own classes are read back",
    "hmi/control/views/handbook.py: Markup": "pages of docs/, rendered with HTML in them as text",
    "hmi/trainingband.py: render_template_string": "a template that is a constant of that file",
}
"""What may stay, and why. Everything else is found."""


def found(path: Path, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"import {one.name}" for one in names if one.name.split(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES:
                yield f"import {module}"
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield f"{name}()"
            case ast.Attribute(value=ast.Name(id=of), attr=name) if (of, name) in ATTRIBUTES:
                yield f"{of}.{name}"
            case ast.Attribute(attr=name) | ast.Name(id=name) if (name, "") in ATTRIBUTES:
                yield name
            case ast.keyword(arg="shell", value=ast.Constant(value=True)):
                yield "shell=True"
            case ast.keyword(arg="verify", value=ast.Constant(value=False)):
                yield "verify=False"
            case ast.keyword(arg="allow_pickle", value=value) if not isinstance(value, ast.Constant) or value.value:
                yield "allow_pickle"
            case _:
                continue


def all_found(sources: tuple[str, ...]) -> list[str]:
    return sorted(
        f"{path.relative_to(ROOT)}: {what}"
        for source in sources
        for path in (ROOT / source).rglob("*.py")
        for what in found(path, ast.parse(path.read_text("utf-8")))
    )


def test_no_foreign_bytes_become_code_or_objects() -> None:
    assert sorted(set(all_found(SOURCES))) == sorted(ALLOWED)


class _Shell:
    """What a forged book would hold."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


@pytest.mark.parametrize("row", [_Shell(), pathlib.PurePosixPath("x"), subprocess.CompletedProcess([], 0)])
def test_not_even_the_simulators_books_are_made_into_anything_but_its_own(row: object, tmp_path: Path) -> None:
    written = pickle.dumps((("order", "x"), row))
    (tmp_path / "book").write_bytes(len(written).to_bytes(4) + written)
    with pytest.raises(pickle.UnpicklingError, match="none of this simulator's books"):
        Safe(tmp_path / "book", Caller("m", "n", generate_private_key(65537, 2048).public_key()))


@pytest.mark.parametrize(
    "code",
    [
        "import pickle", "from yaml import load", "eval('1')", "exec(x)", "os.system('x')", "run('x', shell=True)",
        "zipfile.ZipFile(x).extractall()", "requests.get(x, verify=False)", "np.load(x, allow_pickle=True)",
        "Markup(x)", "import shelve", "from marshal import loads", "render_template_string(x)",
    ],
)  # fmt: skip
def test_each_of_them_would_be_found(code: str) -> None:
    assert list(found(Path("x"), ast.parse(code)))


@pytest.mark.parametrize("place", ["hmi/templates"])
def test_no_template_switches_escaping_off(place: str) -> None:
    for path in (ROOT / place).rglob("*.html"):
        text = path.read_text("utf-8")
        assert "|safe" not in text.replace(" ", "").replace("|safely", ""), path.name
        assert "autoescape" not in text, path.name
        assert "javascript:" not in text, path.name


def test_no_page_has_a_script_or_style_of_its_own() -> None:
    """The policy would stop them in the browser; here they are not even written."""
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son(?:click|load|error|submit|change|input|focus|key\w+|mouse\w+)=",
        re.IGNORECASE,
    )
    for path in (ROOT / "hmi" / "templates").rglob("*.html"):
        assert not inline.search(path.read_text("utf-8")), path.name

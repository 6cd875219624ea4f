"""A version's environment by the real venv and pip: whole or not at all, of the wheel that was named."""

import zipfile
from pathlib import Path

import pytest

from scada.commands.upgrade.versions import Record, UpgradeError, Versions, version_in

pytestmark = pytest.mark.timeout(300)
INFO = "daozha-0.2.0.dist-info"
WHEEL = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = "Metadata-Version: 2.1\nName: daozha\nVersion: 0.2.0\n"
SCRIPTS = "[console_scripts]\ndaozha = daozha_of_a_test:main\n"


def small(folder: Path, says: str) -> Path:
    """Make a wheel that needs nothing."""
    folder.mkdir(exist_ok=True)
    made = folder / "daozha-0.2.0-py3-none-any.whl"
    files = {
        "daozha_of_a_test.py": f"def main():\n    print({says!r})\n",
        "scada/_shipped/requirements.txt": "",
        f"{INFO}/METADATA": METADATA,
        f"{INFO}/WHEEL": WHEEL,
        f"{INFO}/entry_points.txt": SCRIPTS,
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{INFO}/RECORD"))
    with zipfile.ZipFile(made, "w") as content:
        for name, text in {**files, f"{INFO}/RECORD": record}.items():
            content.writestr(name, text)
    return made


def said(versions: Versions) -> str:
    (code,) = versions.folder("0.2.0").glob("lib/python3*/site-packages/daozha_of_a_test.py")
    return code.read_text("utf-8")


def test_a_version_is_made_of_the_wheel_that_was_named_last(tmp_path: Path) -> None:
    versions, first, mended = Versions(tmp_path), small(tmp_path / "a", "first"), small(tmp_path / "b", "mended")
    versions.make(first, "0.2.0", "")
    kept = versions.folder("0.2.0") / "kept"
    kept.touch()
    versions.make(first, "0.2.0", "")
    assert kept.exists(), "it is there already, of this very wheel"
    versions.make(mended, "0.2.0", "")
    assert "mended" in said(versions)
    assert not kept.exists()


def test_an_environment_whose_making_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    versions, program = Versions(tmp_path), tmp_path / "versions" / "0.2.0" / "bin" / "daozha"
    program.parent.mkdir(parents=True)
    program.touch()
    versions.make(small(tmp_path / "a", "whole"), "0.2.0", "")
    assert "whole" in said(versions)


def test_the_version_to_go_back_to_is_left_as_it_is(tmp_path: Path) -> None:
    versions, program = Versions(tmp_path), tmp_path / "versions" / "0.2.0" / "bin" / "daozha"
    program.parent.mkdir(parents=True)
    program.touch()
    versions.note(Record("0.2.0", "0.3.0"))
    versions.done()
    versions.make(small(tmp_path / "a", "other"), "0.2.0", "")
    assert program.read_bytes() == b""


def test_a_wheel_that_was_damaged_on_the_way_is_named_with_the_file(tmp_path: Path) -> None:
    made = small(tmp_path, "whole")
    content = made.read_bytes()
    made.write_bytes(content.replace(b"print('whole')", b"print('wh0le')"))
    with pytest.raises(UpgradeError, match=r"daozha_of_a_test\.py is damaged"):
        version_in(made)
    made.write_bytes(content[: len(content) // 2])
    with pytest.raises(UpgradeError, match="is no wheel"):
        version_in(made)

"""`daozha report NAME`: every report of the list, in every form, for days that make sense."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scada.__main__ import main
from scada.commands.reports.books import made_of_books
from scada.config import load
from scada.model.names import SiteId
from scada.model.reports import FORMATS, REPORTS, report_named
from scada.ports import JournalEntry
from scada.reports.documents.document import Kind
from scada.store.db import writing_engine
from scada.store.journal import write_entries
from tests.support.house import site_beside
from tests.support.store import give_tables

Out = pytest.CaptureFixture[str]
MAGIC = {"html": b"<!doctype", "xlsx": b"PK", "pdf": b"%PDF", "json": b"{"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site on whose books nothing stands but that it began on 1 May."""
    folder = tmp_path_factory.mktemp("site")
    file = site_beside(folder, ("# data = ", 'data = "data"  # '))
    url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
    give_tables(url)
    engine = writing_engine(url)
    with engine.begin() as conn:
        entry = JournalEntry("event", "plant", "started")
        write_entries(conn, SiteId("demo"), datetime(2026, 5, 1, 4, tzinfo=UTC), [entry])
    engine.dispose()
    return file


def report(site: Path, name: str, *words: str) -> int:
    return main(["report", name, "--config", str(site), *words])


def test_every_report_of_the_list_can_be_made_of_books_on_which_nothing_stands(site: Path, capsys: Out) -> None:
    for listed in REPORTS:
        code = report(site, listed.name, "--json")
        told = json.loads(capsys.readouterr().out)
        assert (told["report"], told["from"], told["to"]) == (listed.name, "2026-05-01", "2026-05-01")
        assert code == (0 if told["agrees"] else 1)
        assert listed.has_verdict or told["agrees"]
        assert report(site, listed.name, "--language", "zh") == code
        assert "2026-05-01" in capsys.readouterr().out


def test_every_plate_of_a_report_is_known_as_one_so_that_it_can_be_covered(site: Path) -> None:
    config = load(site)
    for listed in REPORTS:
        for table in made_of_books(config, listed, None, None, {}).tables:
            assert not [one.key for one in table.columns if one.key == "plate" and one.kind is not Kind.PLATE], listed


def test_every_form_of_a_report_is_written_whole_to_a_file(site: Path, tmp_path: Path) -> None:
    for form in FORMATS:
        file = tmp_path / f"calls.{form}"
        assert report(site, "calls", "--out", str(file), "--language", "zh") == 0
        assert file.read_bytes().startswith(MAGIC.get(form, b"\xef\xbb\xbf"))
    assert len(list(tmp_path.iterdir())) == len(FORMATS)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--from", "2026-05-02", "--to", "2026-05-01"), "2026-05-02 comes after 2026-05-01"),
        (("--from", "2026-05-01", "--to", "2999-01-01"), "2999-01-01 is still to come"),
        (("--from", "2999-01-01"), "2999-01-01 is still to come"),
        (("--from", "2020-01-01", "--to", "2026-05-01"), "more than 800 days"),
        (("--from", "0001-01-01", "--to", "0001-01-01"), "nothing is on record before 2000"),
        (("--out", "/nowhere/at/all.pdf"), "No such file"),
        (("--out", "report.docx"), "a file is one of html, xlsx, csv, pdf, json"),
        (("--out", "report.pdf", "--format", "table"), "a file is one of"),
    ],
)
def test_days_that_make_no_sense_are_refused_with_the_reason(
    site: Path, capsys: Out, words: tuple[str, ...], why: str
) -> None:
    assert report(site, "calls", *words) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20260501x", ""])
def test_what_is_no_day_is_refused(site: Path, capsys: Out, day: str) -> None:
    with pytest.raises(SystemExit) as left:
        report(site, "calls", "--from", day)
    assert left.value.code == 2


def test_nobody_knows_a_report_that_is_not_listed() -> None:
    assert report_named("nothing") is None

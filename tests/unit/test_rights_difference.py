"""What a table of rights would change in the register."""

from datetime import UTC, datetime, timedelta

from billing.plates.difference import difference
from billing.plates.sheet import Line
from billing.rights import Entry, RightKind
from scada.model.plate import Plate

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
BEFORE = NOW - timedelta(days=9)


def entry(plate: str, kind: RightKind = RightKind.WHITE, since: datetime = BEFORE, note: str = "") -> Entry:
    return Entry(Plate(plate), kind, since, note=note)


def lines(*entries: Entry) -> list[Line]:
    return [Line(number, one) for number, one in enumerate(entries, start=2)]


def test_a_table_tells_what_is_new_changed_gone_and_as_it_was() -> None:
    held = [entry("京A00001"), entry("京A00002"), entry("京A00003"), entry("京A00009", RightKind.BLACK)]
    table = lines(entry("京A00001", since=NOW), entry("京A00002", note="late"), entry("京A00004", since=NOW))
    found = difference(table, held, NOW)
    assert [one.plate for one in found.new] == ["京A00004"]
    assert [(one.old.note, one.new.note) for one in found.changed] == [("", "late")]
    assert [one.plate for one in found.gone] == ["京A00003"]
    assert found.same == 1


def test_a_difference_has_the_same_name_until_something_changes() -> None:
    held = [entry("京A00001")]
    later = NOW + timedelta(minutes=5)
    first = difference(lines(entry("京A00002", since=NOW)), held, NOW).digest(NOW)
    assert difference(lines(entry("京A00002", since=later)), held, later).digest(later) == first
    assert difference(lines(entry("京A00003", since=NOW)), held, NOW).digest(NOW) != first


def test_a_card_of_ones_own_and_its_one_space_need_not_be_named() -> None:
    held = Entry(Plate("京A00001"), RightKind.MONTH, BEFORE, card="京A00001", spaces=1)
    assert difference(lines(Entry(Plate("京A00001"), RightKind.MONTH, NOW)), [held], NOW).same == 1

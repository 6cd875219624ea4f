"""What an operator of a fault schedule holds in his drawer, and what he says is wrong."""

from tests.support.storm.drawer import Drawer


def drawer(*asked: int) -> Drawer:
    return Drawer(asked=set(asked))


def test_money_is_kept_for_which_there_is_a_receipt() -> None:
    mine = drawer(1, 2)
    mine.hears({"cash": 1, "receipt": "2026-000001", "fen": 500, "sure": True})
    mine.hears({"cash": 2, "receipt": "", "fen": 0, "sure": True})
    mine.looks({"2026-000001": 500})
    assert (mine.kept, mine.doubts, mine.wrong) == ({"2026-000001": 500}, 0, [])


def test_money_of_which_nobody_could_tell_is_kept_if_the_till_has_its_receipt() -> None:
    mine = drawer(1, 2)
    mine.hears_nothing()
    mine.looks({"2026-000001": 500})
    assert (mine.kept, mine.doubts, mine.wrong) == ({"2026-000001": 500}, 0, [])


def test_a_receipt_that_is_lost_doubled_or_nobodys_is_wrong() -> None:
    lost = drawer(1)
    lost.hears({"cash": 1, "receipt": "2026-000001", "fen": 500, "sure": True})
    lost.looks({})
    nobodys = drawer()
    nobodys.looks({"2026-000001": 500})
    doubled = drawer(1, 2)
    for asked in (1, 2):
        doubled.hears({"cash": asked, "receipt": "2026-000001", "fen": 500, "sure": True})
    assert [len(one.wrong) for one in (lost, nobodys, doubled)] == [1, 1, 1]

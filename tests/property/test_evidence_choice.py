"""Which pictures go: what must never happen, whatever lies on the shelf."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lpr.keeping.choice import Classes, Keep, Kept, doomed, keep_of
from scada.model.names import PassageId, PictureId

NOW = datetime(2026, 6, 1, tzinfo=UTC)
AGES = {Keep.REJECTED: timedelta(days=14), Keep.PASSAGE: timedelta(days=30), Keep.CASE: timedelta(days=180)}
SHELF = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 1000), st.sampled_from(Keep)), max_size=40).map(
    lambda rows: [
        (Kept(PictureId(f"p{number}"), NOW - timedelta(days=days), size), keep)
        for number, (days, size, keep) in enumerate(rows)
    ]
)


@given(SHELF, st.integers(-500, 20_000))
def test_a_held_picture_never_goes_and_nothing_outlives_its_time(shelf: list[tuple[Kept, Keep]], room: int) -> None:
    found = doomed(shelf, AGES, room, NOW)
    gone = {kept.picture for kept in (*found.aged, *found.crowded)}
    for kept, keep in shelf:
        if keep is Keep.HELD:
            assert kept.picture not in gone
        elif NOW - kept.at > AGES[keep]:
            assert kept.picture in gone
    left = sum(kept.size for kept, _ in shelf if kept.picture not in gone)
    assert left <= room + found.over
    assert found.over == 0 or all(keep is Keep.HELD for kept, keep in shelf if kept.picture not in gone)
    assert sum(found.counts.values()) == len(gone)


@given(SHELF, st.integers(0, 20_000))
def test_for_room_the_least_wanted_and_oldest_go_first_and_no_more_than_need_be(
    shelf: list[tuple[Kept, Keep]], room: int
) -> None:
    found = doomed(shelf, AGES, room, NOW)
    ranks = {kept.picture: (keep, kept.at) for kept, keep in shelf}
    aged = {kept.picture for kept in found.aged}
    crowded = {kept.picture for kept in found.crowded}
    stays = [rank for picture, rank in ranks.items() if picture not in aged | crowded]
    assert all(ranks[picture] <= rank for picture in crowded for rank in stays)
    if found.crowded:
        left = sum(kept.size for kept, _ in shelf if kept.picture not in aged | crowded)
        assert left + found.crowded[-1].size > room


def test_what_the_books_say_of_a_picture_decides_and_what_is_held_outranks_the_rest() -> None:
    passage, picture = PassageId("in1-20260501080000-1"), PictureId("p")
    kept = Kept(picture, NOW, 1, passage, "entry")
    assert keep_of(kept, Classes(), "case") is Keep.PASSAGE
    assert keep_of(kept, Classes(rejected_pictures={picture}), "case") is Keep.REJECTED
    assert keep_of(kept, Classes(case_passages={passage}, rejected_pictures={picture}), "case") is Keep.CASE
    assert keep_of(Kept(picture, NOW, 1, None, "case"), Classes(), "case") is Keep.CASE
    assert keep_of(kept, Classes(held_passages={passage}, case_pictures={picture}), "case") is Keep.HELD
    assert keep_of(Kept(picture, NOW, 1), Classes(held_pictures={picture}), "case") is Keep.HELD

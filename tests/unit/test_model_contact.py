"""A contact behind a filter."""

from hypothesis import given
from hypothesis import strategies as st

from scada.model.contact import Contact, filtered

WAIT_S = 0.2


def played(steps: list[tuple[float, bool]], safe: object = None) -> list[bool]:
    contact: Contact | None = None
    counts = []
    for at_s, on in steps:
        contact = filtered(contact, on=on, at_s=at_s, wait_s=WAIT_S, safe=safe)
        counts.append(contact.counts)
    return counts


def test_what_is_seen_first_is_believed_at_once() -> None:
    assert played([(0.0, True)]) == [True]


def test_a_contact_that_flickers_does_not_turn() -> None:
    assert played([(0.0, False), (1.0, True), (1.1, False), (1.15, True), (1.3, True)]) == [False] * 5


def test_a_contact_that_stays_turns_once_its_time_is_over() -> None:
    assert played([(0.0, False), (1.0, True), (1.1, True), (1.25, True), (1.5, False), (1.75, False)]) == [
        *(False, False, False, True, True, False)
    ]


def test_towards_the_careful_side_a_contact_turns_at_once() -> None:
    assert played([(0.0, False), (1.0, True), (1.1, False), (1.2, False), (1.4, False)], safe=True) == [
        *(False, True, True, True, False)
    ]


steps = st.lists(st.tuples(st.floats(0.001, 0.5), st.booleans()), min_size=1, max_size=30)


@given(steps)
def test_a_contact_never_counts_as_what_it_has_not_been_for_its_time(waits: list[tuple[float, bool]]) -> None:
    at_s = 0.0
    contact: Contact | None = None
    last_turn: float | None = None
    for wait_s, on in waits:
        at_s += wait_s
        before = contact
        contact = filtered(before, on=on, at_s=at_s, wait_s=WAIT_S)
        if last_turn is None or (before is not None and before.seen is not on):
            last_turn = at_s
        if before is not None and contact.counts is not before.counts:
            assert at_s - last_turn >= WAIT_S
            assert contact.counts is on

"""The server is killed at any moment: it comes back, and nothing is lost and nothing done twice (`lanes.md` path Q)."""

from copy import deepcopy
from functools import cache

import pytest
from hypothesis import settings
from sqlalchemy import Engine, select

from scada.engine.lane.record import Begins
from scada.engine.lane.replay import recorded_of, replay
from scada.model.lane.words import Direction
from scada.store import doubts
from scada.store.journal import verify
from scada.store.schema import case, intent, passage, rise
from tests.support.crash import SITE, Accounts, Crash, Server, Street, copied, is_over, new_books

MOST = 200
"""More moments than any story has."""
DOWN_MS = (500, 4000, 20_000)
"""How long nobody serves the lane: a moment; until its claim has fallen; until the car is through and away."""
IS_LONG = settings.default is not None and settings.default.max_examples > 1000


class Story:
    """One car on its way in or out, and a server that dies on it."""

    def __init__(self, leads: Direction, street: Street, engine: Engine) -> None:
        self.leads = leads
        self.street, self.engine, self.accounts = street, engine, Accounts()

    def server(self, kill_at: int | None = None) -> Server:
        return Server(self.street, self.engine, self.accounts, self.leads, kill_at)

    def is_killed(self, kill_at: int) -> bool:
        """Let a server live until its so many-th moment; False if the story ended before that."""
        server = self.server(kill_at)
        try:
            server.live(lambda: is_over(server))
        except Crash:
            return True
        return False

    def ends(self) -> None:
        server = self.server()
        server.live(lambda: is_over(server))


@cache
def _beginning(leads: Direction) -> Story:
    """A first server holds the lane, and the car comes."""
    story = Story(leads, Street(), new_books())
    server = story.server()
    server.live(lambda: is_over(server))
    story.street.arrive()
    return story


def begun(leads: Direction) -> Story:
    """Give a beginning of one's own."""
    story = _beginning(leads)
    return Story(leads, deepcopy(story.street), copied(story.engine))


def check(story: Story, when: str = "") -> None:
    """One car went through once: one stay, one rise with its cause, one passage, and nobody is called."""
    moved = story.accounts.begun if story.leads is Direction.ENTRY else story.accounts.ended
    assert len(moved) == 1, when
    assert story.street.memory.retained.opened == 1, f"the gate was commanded twice: {when}"
    with story.engine.connect() as conn:
        [one] = conn.execute(select(passage)).all()
        assert (one.id, one.outcome, one.note) == (moved[0], "FORWARD", ""), when
        assert [row.cause for row in conn.execute(select(rise)).all()] == ["AUTHORISED"], when
        assert doubts.still_open(conn, SITE) == []
        assert conn.execute(select(case).where(case.c.closed_at.is_(None))).all() == []
        assert [row.state for row in conn.execute(select(intent)).all()].count("DONE") == 1
        assert verify(conn) is None


@pytest.mark.parametrize("leads", Direction)
@pytest.mark.parametrize("turn", range(len(DOWN_MS)) if IS_LONG else [0])
def test_a_server_killed_at_any_moment_of_a_passage_loses_and_repeats_nothing(leads: Direction, turn: int) -> None:
    for kill_at in range(1, MOST):
        story = begun(leads)
        if not story.is_killed(kill_at):
            check(story)
            assert kill_at > 30
            return
        down_ms = DOWN_MS[(kill_at + turn) % len(DOWN_MS)]
        story.street.goes_on(down_ms)
        story.ends()
        check(story, f"killed at {kill_at} for {down_ms} ms")
    raise AssertionError("the story has no end")


@pytest.mark.parametrize("leads", Direction)
def test_a_server_that_dies_again_while_it_takes_over_loses_nothing_either(leads: Direction) -> None:
    for first in range(1, MOST, 1 if IS_LONG else 3):
        for second in (1, 2, 3, 5, 8) if IS_LONG else (1 + first % 6,):
            story = begun(leads)
            if not story.is_killed(first):
                return
            story.street.goes_on(700)
            story.is_killed(second)
            story.street.goes_on(700)
            story.ends()
            check(story, f"killed at {first}, again at {second}")


@pytest.mark.parametrize("leads", Direction)
def test_a_passage_that_outlived_its_servers_is_replayed_as_it_was(leads: Direction) -> None:
    story = begun(leads)
    for kill_at in (4, 9, 14, 6):
        assert story.is_killed(kill_at)
        story.street.goes_on(700)
    story.ends()
    check(story)
    [moved] = story.accounts.begun or story.accounts.ended
    with story.engine.connect() as conn:
        steps = replay(recorded_of(conn, SITE, moved))
    assert [one.recorded.begins for one in steps].count(Begins.SERVER) > 2
    assert [one.differences for one in steps if one.differences] == []

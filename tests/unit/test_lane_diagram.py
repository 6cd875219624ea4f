"""The lane diagram in docs is the one of today's code, and no state is unreachable."""

from scada.model.lane import states as s
from scada.model.lane.words import Direction
from tests.support import diagram


def test_the_diagram_is_drawn_from_todays_code() -> None:
    assert diagram.DOCUMENT.read_text(encoding="utf-8") == diagram.document(), "run: python -m tests.support.diagram"


def test_every_state_is_reached_and_left() -> None:
    edges = {**diagram.explored(Direction.ENTRY), **diagram.explored(Direction.EXIT)}
    names = set(s.NAMES.values())
    assert {after for _, after in edges} == names
    assert {before for before, _ in edges} == names

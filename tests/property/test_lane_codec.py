"""Whatever a lane hears, is and commands, the journal can give back as it was."""

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

import hypothesis.strategies as st
import pytest
from hypothesis import given

from scada.model.lane import events as e
from scada.model.lane.codec import CodecError, from_json, to_json
from scada.model.lane.commands import Command
from scada.model.lane.image import Signal
from scada.model.lane.states import Lane, State
from scada.model.lane.timing import Timing
from scada.model.tag import Quality, Value

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
TIMES = st.datetimes(timezones=st.just(UTC))
FLOATS = st.floats(allow_nan=False)
SCALARS = {str: TEXTS, int: st.integers(), float: FLOATS, bool: st.booleans(), datetime: TIMES, NoneType: st.none()}


def of_type(hint: object) -> st.SearchStrategy[object]:
    """Make any value of a type of the model."""
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if get_origin(hint) in (UnionType, Union):
        return st.one_of(*map(of_type, get_args(hint)))
    if get_origin(hint) is tuple and Ellipsis not in get_args(hint):
        return st.tuples(*map(of_type, get_args(hint)))
    if get_origin(hint) in (tuple, frozenset):
        return st.lists(of_type(get_args(hint)[0]), max_size=2).map(get_origin(hint))  # type: ignore[arg-type]
    assert isinstance(hint, type), hint
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{part.name: of_type(hints[part.name]) for part in fields(hint)})
    return SCALARS[hint]


@pytest.mark.parametrize(
    "hint", [e.Event, State, Command, Lane, Timing], ids=["event", "state", "command", "lane", "timing"]
)
def test_what_is_written_is_read_back_as_it_was(hint: object) -> None:
    @given(of_type(hint))
    def there_and_back(value: object) -> None:
        written = json.dumps(to_json(value, hint), allow_nan=False)
        assert from_json(hint, json.loads(written)) == value

    there_and_back()


@dataclass(frozen=True, slots=True)
class Bag:
    """Kinds of content that may yet come."""

    pair: tuple[int, str]
    names: frozenset[str]
    counts: dict[str, int]
    value: Value
    answer: "Signal | Quality | None"


@given(
    st.builds(
        Bag,
        pair=st.tuples(st.integers(), TEXTS),
        names=st.frozensets(TEXTS, max_size=3),
        counts=st.dictionaries(TEXTS, st.integers(), max_size=3),
        value=st.one_of(st.booleans(), st.integers(), TEXTS, st.none()),
        answer=st.one_of(st.builds(Signal, on=st.booleans()), st.sampled_from(Quality), st.none()),
    )
)
def test_pairs_sets_mappings_and_mixed_choices_come_back_too(bag: Bag) -> None:
    assert from_json(Bag, json.loads(json.dumps(to_json(bag, Bag)))) == bag


@pytest.mark.parametrize(
    ("hint", "content", "complaint"),
    [
        (State, {"is": "Dancing"}, "'Dancing' is none of Idle"),
        (State, {}, "None is none of Idle"),
        (State, {"is": "Identifying"}, "Identifying: since_s of Identifying is missing"),
        (State, {"is": "Idle", "since_s": 1.0}, "Idle has no field since_s"),
        (State, {"is": "Identifying", "since_s": "soon"}, "Identifying.since_s: 'soon' is no float"),
        (Signal, {"on": True, "quality": "FINE"}, "Signal.quality: 'FINE' is no Quality"),
        (Signal, {"on": 1}, "Signal.on: 1 is no bool"),
        (Signal, [], r"Signal: \[\] is no Signal"),
        (datetime, "yesterday", "'yesterday' is no datetime"),
        (tuple[int, ...], [1, "2"], r"\[1\]: '2' is no int"),
        (tuple[int, str], [1], "2 items are expected, 1 are there"),
    ],
)
def test_old_or_foreign_content_is_refused_and_the_words_say_where(
    hint: object, content: object, complaint: str
) -> None:
    with pytest.raises(CodecError, match=complaint):
        from_json(hint, content)  # type: ignore[arg-type]


def test_a_field_that_an_old_row_does_not_have_takes_its_default() -> None:
    assert from_json(Signal, {"on": True}) == Signal(on=True)


@pytest.mark.parametrize(("value", "hint"), [(1, str), (Signal(on=True), State), (object(), object), ("x", Quality)])
def test_nothing_is_written_that_could_not_be_read_back(value: object, hint: object) -> None:
    with pytest.raises(CodecError):
        to_json(value, hint)

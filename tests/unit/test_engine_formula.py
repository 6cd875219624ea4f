"""The language of derived tags."""

import pytest

from scada.formula import LONGEST, FormulaError, Reckoned, Reckoner, parse
from scada.model.tag import Access, Quality, Shape, TagName, TagSpec, Value

GOOD, STALE, LOST = Quality.GOOD, Quality.STALE, Quality.NOT_CONNECTED
SEEN: dict[str, tuple[Value, Quality]] = {
    "in1.yes": (True, GOOD),
    "in1.no": (False, GOOD),
    "in1.count.pass": (7, GOOD),
    "in1.motor": (2.5, GOOD),
    "in1.word": ("IDLE", GOOD),
    "in1.old": (True, STALE),
    "in1.oldno": (False, STALE),
    "in1.lost": (None, LOST),
    "in1.hand": (3, Quality.FORCED),
}


def reckoned(text: str, shape: Shape | None = None, **limits: float) -> Reckoned:
    spec = TagSpec(TagName("in1.derived"), "", Access.READ, shape=shape, formula=text, **limits)  # type: ignore[arg-type]
    return Reckoner(lambda name: SEEN[name]).reckon(parse(text), spec)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("in1.yes and not in1.no", True),
        ("in1.count.pass + 1", 8),
        ("in1.count.pass // 2 * 2 == in1.count.pass - 1", True),
        ("-in1.motor", -2.5),
        ("min(in1.motor, in1.count.pass, 9)", 2.5),
        ("max(1, 2)", 2),
        ("abs(1 - 3)", 2),
        ("round(in1.motor / 3, 2)", 0.83),
        ("round(2.6)", 3),
        ("1 < in1.motor <= 2.5", True),
        ("10 if in1.yes else 20", 10),
        ("'open' if in1.word == \"IDLE\" else 'busy'", "open"),
        ("in1.yes AND NOT in1.no", True),
        ("true or in1.lost", True),
        ("in1.count.pass % 4", 3),
    ],
)
def test_a_formula_gives_what_it_says(text: str, value: Value) -> None:
    assert reckoned(text) == Reckoned(value, GOOD)


def test_a_part_of_a_path_may_be_a_word_of_the_language() -> None:
    assert parse("in1.count.pass + a.if.not").inputs == {"in1.count.pass", "a.if.not"}


@pytest.mark.parametrize(
    ("text", "value", "quality"),
    [
        ("in1.motor + in1.hand", 5.5, Quality.FORCED),
        ("in1.old and in1.yes", True, STALE),
        ("in1.old and in1.no", False, GOOD),
        ("in1.no and in1.lost", False, GOOD),
        ("in1.lost and in1.no", False, GOOD),
        ("in1.lost or in1.yes", True, GOOD),
        ("in1.yes or in1.lost", True, GOOD),
        ("in1.no or in1.old", True, STALE),
        ("in1.yes and in1.oldno", False, STALE),
        ("in1.yes and in1.lost", None, LOST),
        ("in1.no or in1.lost", None, LOST),
        ("not in1.lost", None, LOST),
        ("in1.lost + 1", None, LOST),
        ("1 if in1.old else 2", 1, STALE),
        ("in1.motor if in1.yes else in1.lost", 2.5, GOOD),
        ("max(in1.motor, in1.lost)", None, LOST),
        ("in1.oldno == (in1.yes and in1.yes)", False, STALE),
        ("in1.oldno == (in1.yes or in1.no)", False, STALE),
    ],
)
def test_a_formula_is_as_good_as_the_worst_that_counted(text: str, value: Value, quality: Quality) -> None:
    assert reckoned(text) == Reckoned(value, quality)


@pytest.mark.parametrize(
    "text",
    [
        "in1.count.pass / 0",
        "in1.word + 1",
        "in1.word * 1000000",
        "max()",
        "not in1.word",
        "round(1, 99)",
        "1e300 * 1e300",
    ],
)
def test_what_cannot_be_reckoned_is_a_mistake_of_the_map_and_says_why(text: str) -> None:
    done = reckoned(text)
    assert (done.value, done.quality) == (None, Quality.CONFIGURATION)
    assert done.why


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("in1.yes = 1", "write == to compare"),
        ("foo", "neither a tag's whole path"),
        ("2 ** 9", "Pow"),
        ("[1]", "'['"),
        ("__import__('os')", "__import__"),
        ("in1.yes.upper()", "only a function"),
        ("min", "min is called"),
        ("min(1, 2)(3)", "called by its name"),
        ("min(*in1.yes)", "cannot be read|Starred"),
        ("in1.yes and", "cannot be read"),
        ("", "cannot be read"),
        ("(" * 240 + "1" + ")" * 240, "cannot be read"),
        ("1 in in1.yes", "'in'"),
        ("1; 2", "';'"),
        ("1" + "+1" * 249, "parts"),
        ("1" * (LONGEST + 1), "at most"),
        ("+".join(f"in1.t{n}" for n in range(40)), "tags"),
        ("a.b @ 2", "'@'"),
    ],
)
def test_anything_else_is_refused_with_words(text: str, part: str) -> None:
    with pytest.raises(FormulaError, match=part.replace("[", r"\[").replace("*", r"\*")):
        parse(text)


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("in1.yes", Shape.BOOL, True),
        ("in1.motor + 0.2", Shape.WHOLE, 3),
        ("in1.count.pass", Shape.NUMBER, 7.0),
        ("in1.yes + in1.yes", Shape.WHOLE, 2),
        ("in1.word", Shape.TEXT, "IDLE"),
    ],
)
def test_the_result_is_what_the_tag_holds(text: str, shape: Shape, value: Value) -> None:
    done = reckoned(text, shape)
    assert (done.value, type(done.value), done.quality) == (value, type(value), GOOD)


def test_a_result_of_another_kind_is_a_mistake_of_the_map() -> None:
    assert reckoned("in1.motor", Shape.BOOL).quality is Quality.CONFIGURATION
    assert reckoned("in1.word", Shape.WHOLE).quality is Quality.CONFIGURATION
    assert reckoned("in1.motor", Shape.TEXT).quality is Quality.CONFIGURATION


def test_a_result_outside_its_range_is_told_as_such() -> None:
    assert reckoned("in1.motor", Shape.NUMBER, lo=3.0).quality is Quality.OUT_OF_RANGE
    assert reckoned("in1.motor", Shape.NUMBER, hi=2.5).quality is GOOD

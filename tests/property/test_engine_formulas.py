"""What a formula must never do: rest a good result on what is not good, or depend on the order of `and` and `or`."""

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from scada.formula import FormulaError, Reckoned, Reckoner, parse
from scada.model.tag import Access, Quality, Shape, TagName, TagSpec, Value

NAMES = [TagName(f"in1.t{number}") for number in range(5)]
SPEC = TagSpec(TagName("in1.derived"), "", Access.READ, shape=Shape.BOOL)
Seen = dict[TagName, tuple[Value, Quality]]

tags = st.sampled_from(NAMES).map(str)
texts = st.recursive(
    tags | st.sampled_from(["true", "false"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda part: f"({' '.join(part)})"),
        inner.map(lambda part: f"(not {part})"),
        st.tuples(inner, inner, inner).map(lambda part: f"({part[0]} if {part[1]} else {part[2]})"),
        st.tuples(inner, inner).map(lambda part: f"({part[0]} == {part[1]})"),
    ),
    max_leaves=12,
)
worths = st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.FORCED, Quality.STALE, Quality.NOT_CONNECTED])
values = st.tuples(st.sampled_from([True, False, None]), worths).map(
    lambda seen: (bool(seen[0]), seen[1]) if seen[1].is_good else seen
)
images = st.fixed_dictionaries(dict.fromkeys(NAMES, values))


def reckoned(text: str, seen: Seen) -> Reckoned:
    return Reckoner(lambda name: seen[name]).reckon(parse(text), SPEC)


@given(texts, images, st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_good_result_rests_on_nothing_that_is_not_good(text: str, seen: Seen, others: list[bool | None]) -> None:
    first = reckoned(text, seen)
    assert (first.value is None) <= (not first.quality.is_good)
    if not first.quality.is_good:
        return
    doubtful = {name for name, (_, quality) in seen.items() if not quality.is_good}
    turned = {name: (other, seen[name][1]) for name, other in zip(NAMES, others, strict=True) if name in doubtful}
    assert reckoned(text, {**seen, **turned}) == first


@given(st.lists(tags, min_size=1, max_size=5), st.sampled_from([" and ", " or "]), images, st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_of_operands_makes_no_difference_to_what_is_good(
    names: list[str], word: str, seen: Seen, random: object
) -> None:
    shuffled = names.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = reckoned(word.join(names), seen), reckoned(word.join(shuffled), seen)
    assert one.quality.is_good == other.quality.is_good
    if one.quality.is_good:
        assert one.value == other.value


@given(texts, images)
@settings(max_examples=200, deadline=None)
def test_where_all_is_good_a_formula_gives_what_logic_gives(text: str, seen: Seen) -> None:
    plain = {name: bool(value) for name, (value, _) in seen.items()}
    done = reckoned(text, {name: (value, Quality.GOOD) for name, value in plain.items()})
    assert (done.value, done.quality) == (_logic(ast.parse(_spelled(text), mode="eval").body, plain), Quality.GOOD)


def _spelled(text: str) -> str:
    return text.replace("in1.", "").replace("true", "True").replace("false", "False")


def _logic(node: ast.expr, plain: dict[TagName, bool]) -> bool:
    match node:
        case ast.Name(id=name):
            return plain[TagName(f"in1.{name}")]
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(operand=operand):
            return not _logic(operand, plain)
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_logic(part, plain) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_logic(part, plain) for part in parts)
        case ast.Compare(left=left, comparators=[right]):
            return _logic(left, plain) == _logic(right, plain)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _logic(body if _logic(test, plain) else orelse, plain)
        case _:
            raise AssertionError(ast.dump(node))


@given(st.text(alphabet="abin1.t0 ()+-*/%<>=!'\",andorifelsemx_[]{}:;@#\\\n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_formula_that_can_be_reckoned_or_is_refused(text: str) -> None:
    try:
        formula = parse(text)
    except FormulaError:
        return
    seen: Seen = dict.fromkeys(formula.inputs, (1, Quality.GOOD))
    done = reckoned(text, seen)
    assert (done.quality is Quality.CONFIGURATION) == bool(done.why)

"""The language of derived tags: `in1.count.pass > 5 and not in1.light.red`, read once, reckoned when inputs change.

Tags by their whole path, numbers, texts in quotes; `+ - * / // %`, comparisons, `and or not`, `a if b else c`, and
a few functions. A formula is as good as the worst of what it looked at, but for `and` and `or`: there a good operand
that decides alone (a false one, a true one) decides the quality, too, whatever the others are worth (decision 0022).
"""

import ast
import operator
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from math import isfinite

from simpleeval import SimpleEval  # type: ignore[import-untyped]

from scada.model.tag import Quality, Shape, TagName, TagSpec, Value, lane_of, point_of, worse

LONGEST = 500
MOST_NODES = 200
MOST_TAGS = 32
LARGEST = 2**63
"""No whole number that a store could not hold."""

Reads = Callable[[TagName], tuple[Value, Quality]]
"""Gives a tag's value and what it is worth."""


class FormulaError(ValueError):
    """The text is no formula; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that has been read: its text, the tags it looks at, and its tree."""

    text: str
    inputs: frozenset[TagName]
    tree: ast.expr


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a formula gives; `why` says what is wrong with it where the quality is CONFIGURATION."""

    value: Value
    quality: Quality
    why: str = ""


_SITE = frozenset({"site.plant_lag_ms", "site.forced", "site.stays_open"})
_LANE = frozenset({"lane.state", "camera.ok"})
"""The server's own tags that a formula may look at: figures, and nothing that says who somebody is."""
_TOKEN = re.compile(
    r"""(?P<text>"[^"\n\\]*"|'[^'\n\\]*')
    |(?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>==|!=|<=|>=|//|\*\*|[-+*/%<>(),])
    |(?P<space>\s+)""",
    re.VERBOSE | re.ASCII,
)
_WORDS = {word: word for word in ("and", "or", "not", "if", "else")} | {"true": "True", "false": "False"}
_ALLOWED = (
    *(ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.BinOp, ast.Add, ast.Sub, ast.Mult),
    *(ast.Div, ast.FloorDiv, ast.Mod, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.IfExp),
    *(ast.Call, ast.Name, ast.Load, ast.Constant),
)


def parse(text: str) -> Formula:
    """Read a formula. Raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(f"a formula has at most {LONGEST} signs, this one {len(text)}")
    code, paths = _spelled(text)
    tree = _tree(code)
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST_NODES or len(paths) > MOST_TAGS:
        raise FormulaError(f"a formula has at most {MOST_TAGS} tags and {MOST_NODES} parts; part it in two tags")
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        _check(node)
        if isinstance(node, ast.Name) and node.id in FUNCTIONS and id(node) not in called:
            raise FormulaError(f"{node.id} is called with values: {node.id}(...)")
        if isinstance(node, ast.Name) and node.id in paths:
            node.id = paths[node.id]
    return Formula(text, frozenset(paths.values()), tree)


def _spelled(text: str) -> tuple[str, dict[str, TagName]]:
    """Write the formula so that Python's parser can read it: a path may hold words that are Python's own."""
    parts: list[str] = []
    paths: dict[str, TagName] = {}
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            hint = "; write == to compare" if text[at] == "=" else ""
            raise FormulaError(f"{text[at]!r} at sign {at + 1} has no meaning in a formula{hint}")
        parts.append(_part(found, paths))
        at = found.end()
    return " ".join(parts), paths


def _part(found: re.Match[str], paths: dict[str, TagName]) -> str:
    token = found.group()
    match found.lastgroup:
        case "path":
            known = next((short for short, path in paths.items() if path == token), f"tag_{len(paths)}")
            paths[known] = TagName(token)
            return known
        case "word" if token in FUNCTIONS:
            return token
        case "word" if token.lower() in _WORDS:
            return _WORDS[token.lower()]
        case "word":
            known = ", ".join((*_WORDS, *FUNCTIONS))
            raise FormulaError(
                f"{token!r} at sign {found.start() + 1} is neither a tag's whole path nor one of {known}"
            )
        case _:
            return token


def _tree(code: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, SyntaxWarning, ValueError, MemoryError, RecursionError) as error:
        raise FormulaError(f"cannot be read: {error.msg if isinstance(error, SyntaxError) else error}") from error


def _check(node: ast.AST) -> None:
    if not isinstance(node, _ALLOWED):
        raise FormulaError(f"{type(node).__name__} is not part of the language of formulas")
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        raise FormulaError("a function is called by its name, with plain values")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in FUNCTIONS:
        raise FormulaError("only a function can be called")


def _number(value: object) -> int | float:
    if isinstance(value, int | float):
        return value
    raise TypeError(f"{value!r} is not a number")


def _truth(value: object) -> bool:
    if isinstance(value, bool | int | float):
        return bool(value)
    raise TypeError(f"{value!r} is neither true nor false")


def _both(reckon: Callable[[int | float, int | float], object]) -> Callable[[object, object], object]:
    return lambda one, other: reckon(_number(one), _number(other))


def _rounded(value: object, digits: object = 0) -> int | float:
    places = _number(digits)
    if not isinstance(places, int) or not 0 <= places <= 12:
        raise TypeError("round takes 0 to 12 digits")
    return round(_number(value), places) if places else round(_number(value))


def _has(text: object, word: object) -> bool:
    """Say whether a text holds a word: how a list of troubles is asked for one of them."""
    if isinstance(text, str) and isinstance(word, str):
        return word in re.split(r"\W+", text)
    raise TypeError(f"{text!r} is no text")


FUNCTIONS: dict[str, Callable[..., object]] = {
    "min": lambda *values: min(_number(value) for value in values),
    "max": lambda *values: max(_number(value) for value in values),
    "abs": lambda value: abs(_number(value)),
    "round": _rounded,
    "has": _has,
}
_OPERATORS: dict[type[ast.AST], Callable[..., object]] = {
    ast.Add: _both(operator.add),
    ast.Sub: _both(operator.sub),
    ast.Mult: _both(operator.mul),
    ast.Div: _both(operator.truediv),
    ast.FloorDiv: _both(operator.floordiv),
    ast.Mod: _both(operator.mod),
    ast.Lt: _both(operator.lt),
    ast.LtE: _both(operator.le),
    ast.Gt: _both(operator.gt),
    ast.GtE: _both(operator.ge),
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Not: lambda value: not _truth(value),
    ast.USub: lambda value: -_number(value),
    ast.UAdd: _number,
}
_BROKEN = (TypeError, ValueError, ArithmeticError)
"""What a formula may come to that could be read; anything else is our own mistake."""


class Unknown(Exception):
    """An input has no value that could be reckoned with."""


class Reckoner:
    """Reckons formulas, one after the other; `reads` is the tag table."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._worst = Quality.GOOD
        self._eval = SimpleEval(operators=_OPERATORS, functions=FUNCTIONS, names=self)
        nodes = self._eval.nodes
        kept = (ast.UnaryOp, ast.BinOp, ast.Compare, ast.Call, ast.Name, ast.Constant)
        self._eval.nodes = {
            **{kind: nodes[kind] for kind in kept},
            ast.BoolOp: self._all_or_any,
            ast.IfExp: self._either,
        }

    def reckon(self, formula: Formula, spec: TagSpec) -> Reckoned:
        """Give a derived tag's value and quality; never raises for what the inputs hold."""
        self._worst = Quality.GOOD
        try:
            value = self._eval.eval(formula.text, previously_parsed=formula.tree)
            fitting = _fitting(value, spec)
        except Unknown:
            return Reckoned(None, self._worst)
        except _BROKEN as error:
            if not self._worst.is_good:
                return Reckoned(None, self._worst)
            return Reckoned(None, Quality.CONFIGURATION, str(error))
        return Reckoned(fitting, self._worst if _is_plausible(fitting, spec) else worse(self._worst, _OUTSIDE))

    def __getitem__(self, name: str) -> Value:
        """Look at a tag: what it is worth counts from now on. Called by the evaluator."""
        value, quality = self._reads(TagName(name))
        self._worst = worse(self._worst, quality)
        if value is None:
            raise Unknown
        return value

    def _all_or_any(self, node: ast.BoolOp) -> bool:
        """Reckon `and` or `or`: a good operand that decides alone needs no other."""
        decisive = isinstance(node.op, ast.Or)
        before, worst, result = self._worst, Quality.GOOD, not decisive
        is_unknown = False
        for operand in node.values:
            self._worst = Quality.GOOD
            try:
                one = _truth(self._eval._eval(operand))
            except Unknown:
                one, is_unknown = not decisive, True
            if one is decisive and self._worst.is_good:
                self._worst = worse(before, self._worst)
                return decisive
            worst = worse(worst, self._worst)
            result = decisive if one is decisive else result
        self._worst = worse(before, worst)
        if is_unknown and result is not decisive:
            raise Unknown
        return result

    def _either(self, node: ast.IfExp) -> object:
        return self._eval._eval(node.body if _truth(self._eval._eval(node.test)) else node.orelse)


_OUTSIDE = Quality.OUT_OF_RANGE


def _fitting(value: object, spec: TagSpec) -> Value:
    """Make the result what the tag holds. Raises TypeError, OverflowError or ValueError."""
    match spec.shape:
        case Shape.BOOL if isinstance(value, bool):
            return value
        case Shape.TEXT if isinstance(value, str):
            return value
        case Shape.WHOLE if isinstance(value, int | float):
            return _small(round(value))
        case Shape.NUMBER if isinstance(value, int | float):
            return float(_small(value))
        case None if isinstance(value, bool | str):
            return value
        case None if isinstance(value, int | float):
            return _small(value)
    holds = spec.shape.value if spec.shape else "value"
    raise TypeError(f"{value!r} is no {holds}")


def _small(value: int | float) -> int | float:
    if not isfinite(value) or abs(value) >= LARGEST:
        raise OverflowError(f"{value} is too large")
    return value


def _is_plausible(value: Value, spec: TagSpec) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (spec.lo is None or value >= spec.lo) and (spec.hi is None or value <= spec.hi)


def circle(inputs: Mapping[TagName, Iterable[TagName]]) -> tuple[TagName, ...]:
    """Give tags that follow one another in a circle, the first one again at the end; none if there is no circle."""
    try:
        TopologicalSorter(inputs).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def open_to_formulas(name: TagName, known: Collection[str]) -> bool:
    """Say whether a formula may look at one of the server's own tags; a lane is one that `known` tags belong to."""
    if name in _SITE:
        return True
    lane = f"{lane_of(name)}."
    return point_of(name) in _LANE and any(tag.startswith(lane) for tag in known)

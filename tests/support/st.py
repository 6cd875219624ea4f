"""Runs a program in Structured Text scan by scan: as much of IEC 61131-3 as `docs/plc/lane.st` uses.

Types are checked as a PLC's compiler would: a BOOL is no number, and a UDINT goes into a UINT only by conversion.
TON and TOF count the scans in which their input holds, that of its edge included.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SCAN_MS = 10
_TOKEN = re.compile(
    r"\s+|\(\*.*?\*\)|(?P<time>T#\d+(?:ms|s))|(?P<typed>(?:UDINT|UINT)#\d+)|(?P<number>\d+)"
    r"|(?P<place>%[QM][XW]\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.\w+)?)|(?P<sign>:=|<>|<=|>=|[-+*/=<>();:,])",
    re.DOTALL,
)
_LIMIT = {"UINT": 1 << 16, "UDINT": 1 << 32}
_BLOCKS = ("TON", "TOF", "R_TRIG", "F_TRIG")
_CONVERT = {"UINT_TO_UDINT": ("UINT", "UDINT"), "UDINT_TO_UINT": ("UDINT", "UINT")}

Value = int | bool
Env = dict[str, Value]
Code = Callable[[Env], Value]
Step = Callable[[Env], None]


class StError(ValueError):
    """The text is no program; the message says where."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the text."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Variable:
    """One declared variable. `start` is what it holds before the first scan."""

    name: str
    kind: str
    place: str
    start: Value
    retained: bool


@dataclass(frozen=True, slots=True)
class Program:
    """A parsed program: its variables, and what a scan does."""

    variables: dict[str, Variable]
    steps: tuple[Step, ...]

    def start(self, kept: Env | None = None, settings: Env | None = None) -> Env:
        """Give the memory before the first scan: what was kept over a power cut, and what is set on site."""
        env: Env = {one.name: one.start for one in self.variables.values() if one.kind not in _BLOCKS}
        for one in self.variables.values():
            if one.kind in _BLOCKS:
                env.update({f"{one.name}.Q": False, f"{one.name}.M": one.kind == "F_TRIG", f"{one.name}.ET": 0})
        env.update({name: (kept or {})[name] for name in self.retained} if kept else {})
        env.update(settings or {})
        return env

    @property
    def retained(self) -> list[str]:
        """Name what survives a power cut."""
        return [one.name for one in self.variables.values() if one.retained]

    def at(self, place: str) -> str:
        """Give the variable at an address."""
        return next(one.name for one in self.variables.values() if one.place == place)

    def scan(self, env: Env) -> None:
        """Run once."""
        for step in self.steps:
            step(env)


def parse(text: str) -> Program:
    """Read a program. Raises StError."""
    return _Parser(list(_tokens(text))).program()


def _tokens(text: str) -> Iterator[Token]:
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise StError(f"line {line}: {text[at : at + 20]!r}")
        if found.lastgroup is not None:
            yield Token(found.lastgroup, found.group(), line)
        line += found.group().count("\n")
        at = found.end()


@dataclass(slots=True)
class _Parser:
    tokens: list[Token]
    at: int = 0
    variables: dict[str, Variable] = field(default_factory=dict)

    def program(self) -> Program:
        self._take("PROGRAM")
        self._next()
        while self._peek() == "VAR":
            self._declarations()
        steps = self._statements("END_PROGRAM")
        return Program(self.variables, steps)

    def _peek(self) -> str:
        return self.tokens[self.at].text

    def _next(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _take(self, text: str) -> None:
        token = self._next()
        if token.text != text:
            raise StError(f"line {token.line}: {text} expected, {token.text} found")

    def _skip(self, text: str) -> bool:
        if self._peek() != text:
            return False
        self.at += 1
        return True

    def _wrong(self, what: str) -> StError:
        return StError(f"line {self.tokens[self.at - 1].line}: {what}")

    def _declarations(self) -> None:
        self._take("VAR")
        retained = self._skip("RETAIN")
        while not self._skip("END_VAR"):
            name, place = self._next().text, ""
            if self._skip("AT"):
                place = self._next().text
            self._take(":")
            kind = self._next().text
            start: Value = kind == "BOOL" and False
            if self._skip(":="):
                given, code = self._expression()
                self._fits(kind, given)
                start = code({})
            self._take(";")
            if name in self.variables:
                raise self._wrong(f"{name} is declared twice")
            self.variables[name] = Variable(name, kind, place, start, retained)

    def _statements(self, *ends: str) -> tuple[Step, ...]:
        steps: list[Step] = []
        while self._peek() not in ends:
            steps.append(self._if() if self._skip("IF") else self._simple())
        if len(ends) == 1:
            self._take(ends[0])
        return tuple(steps)

    def _if(self) -> Step:
        branches: list[tuple[Code, tuple[Step, ...]]] = []
        while True:
            condition = self._bool()
            self._take("THEN")
            branches.append((condition, self._statements("ELSIF", "ELSE", "END_IF")))
            if not self._skip("ELSIF"):
                break
        otherwise = self._statements("END_IF") if self._skip("ELSE") else self._statements_end()
        self._take(";")

        def run(env: Env) -> None:
            chosen = next((steps for condition, steps in branches if condition(env)), otherwise)
            for step in chosen:
                step(env)

        return run

    def _statements_end(self) -> tuple[Step, ...]:
        self._take("END_IF")
        return ()

    def _simple(self) -> Step:
        name = self._next().text
        variable = self.variables.get(name)
        if variable is None:
            raise self._wrong(f"{name} is not declared")
        if self._skip("("):
            return self._call(variable)
        self._take(":=")
        kind, code = self._expression()
        self._fits(variable.kind, kind)
        self._take(";")
        limit = _LIMIT.get(variable.kind, 0)

        def assign(env: Env) -> None:
            env[name] = code(env)

        def assign_number(env: Env) -> None:
            env[name] = code(env) % limit

        return assign_number if limit else assign

    def _call(self, block: Variable) -> Step:
        given: dict[str, Code] = {}
        while not self._skip(")"):
            pin = self._next().text
            self._take(":=")
            kind, given[pin] = self._expression()
            self._fits("TIME" if pin == "PT" else "BOOL", kind)
            self._skip(",")
        self._take(";")
        pins = {"PT", "IN"} if block.kind in ("TON", "TOF") else {"CLK"}
        if set(given) != pins or block.kind not in _BLOCKS:
            raise self._wrong(f"{block.name} is no {block.kind} with {sorted(given)}")
        return _BLOCK_STEPS[block.kind](block.name, given)

    def _fits(self, kind: str, given: str) -> None:
        if given not in (kind, "literal") or (given == "literal" and kind not in _LIMIT):
            raise self._wrong(f"a {given} is no {kind}")

    def _bool(self) -> Code:
        kind, code = self._expression()
        self._fits("BOOL", kind)
        return code

    def _expression(self, level: int = 0) -> tuple[str, Code]:
        if level == len(_LEVELS):
            return self._factor()
        kind, left = self._expression(level + 1)
        while self._peek() in _LEVELS[level]:
            sign = self._next().text
            other, right = self._expression(level + 1)
            kind = self._joined(sign, kind, other)
            left = _JOIN[sign](left, right)
        return kind, left

    def _joined(self, sign: str, one: str, two: str) -> str:
        """Say of what type `one sign two` is."""
        if sign in ("AND", "OR"):
            if (one, two) != ("BOOL", "BOOL"):
                raise self._wrong(f"{one} {sign} {two}")
            return "BOOL"
        are_alike = one == two or "literal" in (one, two)
        if not are_alike or ("BOOL" in (one, two) and sign not in ("=", "<>")):
            raise self._wrong(f"{one} {sign} {two}")
        return "BOOL" if sign in ("=", "<>", "<", ">", "<=", ">=") else (two if one == "literal" else one)

    def _factor(self) -> tuple[str, Code]:
        token = self._next()
        text = token.text
        if text == "(":
            found = self._expression()
            self._take(")")
            return found
        if text == "NOT":
            kind, code = self._factor()
            self._fits("BOOL", kind)
            return "BOOL", lambda env: not code(env)
        if token.kind in ("time", "typed", "number") or text in ("TRUE", "FALSE"):
            return _literal(token)
        if text in _CONVERT:
            return self._converted(*_CONVERT[text])
        return self._read(text)

    def _converted(self, source: str, target: str) -> tuple[str, Code]:
        self._take("(")
        kind, code = self._expression()
        self._fits(source, kind)
        self._take(")")
        return target, code

    def _read(self, text: str) -> tuple[str, Code]:
        name, _, pin = text.partition(".")
        variable = self.variables.get(name)
        if variable is None or bool(pin) != (variable.kind in _BLOCKS) or pin not in ("", "Q"):
            raise self._wrong(f"{text} is not declared")
        return ("BOOL" if pin else variable.kind), lambda env: env[text]


def _literal(token: Token) -> tuple[str, Code]:
    text = token.text
    if text in ("TRUE", "FALSE"):
        return "BOOL", lambda env: text == "TRUE"
    kind, _, digits = text.rpartition("#")
    if kind == "T":
        factor = 1 if digits.endswith("ms") else 1000
        number = int(digits.removesuffix("s").removesuffix("m")) * factor
        return "TIME", lambda env: number
    number = int(digits)
    return kind or "literal", lambda env: number


_LEVELS = (("OR",), ("AND",), ("=", "<>"), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "MOD"))
_JOIN: dict[str, Callable[[Code, Code], Code]] = {
    "OR": lambda one, two: lambda env: one(env) or two(env),
    "AND": lambda one, two: lambda env: one(env) and two(env),
    "=": lambda one, two: lambda env: one(env) == two(env),
    "<>": lambda one, two: lambda env: one(env) != two(env),
    "<": lambda one, two: lambda env: one(env) < two(env),
    ">": lambda one, two: lambda env: one(env) > two(env),
    "<=": lambda one, two: lambda env: one(env) <= two(env),
    ">=": lambda one, two: lambda env: one(env) >= two(env),
    "+": lambda one, two: lambda env: one(env) + two(env),
    "-": lambda one, two: lambda env: one(env) - two(env),
    "*": lambda one, two: lambda env: one(env) * two(env),
    "/": lambda one, two: lambda env: one(env) // two(env),
    "MOD": lambda one, two: lambda env: one(env) % two(env),
}


def _on_delay(name: str, given: dict[str, Code]) -> Step:
    on, preset, q, elapsed = given["IN"], given["PT"], f"{name}.Q", f"{name}.ET"

    def run(env: Env) -> None:
        longest = preset(env)
        env[elapsed] = min(env[elapsed] + SCAN_MS, longest) if on(env) else 0
        env[q] = env[elapsed] >= longest

    return run


def _off_delay(name: str, given: dict[str, Code]) -> Step:
    on, preset, q, elapsed = given["IN"], given["PT"], f"{name}.Q", f"{name}.ET"

    def run(env: Env) -> None:
        if on(env):
            env[q], env[elapsed] = True, 0
        elif env[q]:
            env[elapsed] += SCAN_MS
            env[q] = env[elapsed] < preset(env)

    return run


def _rising(name: str, given: dict[str, Code]) -> Step:
    clock, q, memory = given["CLK"], f"{name}.Q", f"{name}.M"

    def run(env: Env) -> None:
        now = clock(env)
        env[q], env[memory] = now and not env[memory], now

    return run


def _falling(name: str, given: dict[str, Code]) -> Step:
    clock, q, memory = given["CLK"], f"{name}.Q", f"{name}.M"

    def run(env: Env) -> None:
        now = not clock(env)
        env[q], env[memory] = now and not env[memory], now

    return run


_BLOCK_STEPS: dict[str, Callable[[str, dict[str, Code]], Step]] = {
    "TON": _on_delay,
    "TOF": _off_delay,
    "R_TRIG": _rising,
    "F_TRIG": _falling,
}

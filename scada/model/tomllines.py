"""Find the line on which a key of a TOML text stands. For text that tomllib accepts; it checks nothing."""

import re

KeyPath = tuple[str | int, ...]

_TEXT_OR_COMMENT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_KEY = r'(?:[A-Za-z0-9_-]+|"[^"\n]*"|\'[^\'\n]*\')'
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*\[\s*({_DOTTED})\s*\]")
_ELEMENT = re.compile(rf"^\s*\[\[\s*({_DOTTED})\s*\]\]")
_ASSIGNMENT = re.compile(rf"^\s*({_DOTTED})\s*=")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map every table and key of the text to its line, counted from 1."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in _opening_lines(text):
        if element := _ELEMENT.match(line):
            table = _element_path(_parts(element[1]), counts)
            lines.setdefault(table[:-1], number)
            lines[table] = number
        elif header := _HEADER.match(line):
            table = _resolve(_parts(header[1]), counts)
            lines[table] = number
        elif assignment := _ASSIGNMENT.match(line):
            _note(lines, table, _parts(assignment[1]), number)
    return lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """Give the line of a key, or of the nearest thing around it that stands in the file."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def path_of(text: str) -> KeyPath:
    """Read a key path as people write it: `lanes[0].timing.t_help_s`."""
    return tuple(int(number) if number else name for number, name in _STEP.findall(text))


def key_text(path: KeyPath) -> str:
    """Write a key path the way people read it: `lanes[0].timing.t_help_s`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _opening_lines(text: str) -> list[tuple[int, str]]:
    """Give the lines that begin a header or an assignment: not those inside a value of several lines."""
    inside: set[int] = set()
    for token in _TEXT_OR_COMMENT.finditer(text):
        first = text.count("\n", 0, token.start()) + 1
        inside.update(range(first + 1, first + token[0].count("\n") + 1))
    bare = _TEXT_OR_COMMENT.sub(lambda token: re.sub(r"[^\n]", " ", token[0]), text)
    opening = []
    depth = 0
    for number, (line, bones) in enumerate(zip(text.splitlines(), bare.splitlines(), strict=False), start=1):
        if depth == 0 and number not in inside:
            opening.append((number, line))
        depth += sum({"[": 1, "{": 1, "]": -1, "}": -1}.get(sign, 0) for sign in bones)
    return opening


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))


def _element_path(names: tuple[str, ...], counts: dict[KeyPath, int]) -> KeyPath:
    """Give the path of one more element of an array of tables."""
    array = (*_resolve(names[:-1], counts), names[-1])
    counts[array] = counts.get(array, -1) + 1
    return (*array, counts[array])


def _resolve(names: tuple[str, ...], counts: dict[KeyPath, int]) -> KeyPath:
    """Put the number of the last element behind every name of an array: `[lanes.timing]` follows `[[lanes]]`."""
    path: KeyPath = ()
    for name in names:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    return path


def _note(lines: dict[KeyPath, int], table: KeyPath, names: tuple[str, ...], number: int) -> None:
    for length in range(1, len(names) + 1):
        lines.setdefault((*table, *names[:length]), number)

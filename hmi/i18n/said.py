"""What the plant says in words, which come in English, in another language: the browser's `said` in Python."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hmi.i18n.words import translation

LISTS = tuple(Path(__file__).parent / f"{name}_words.txt" for name in ("plant", "phone", "money", "site", "event"))
_PART = re.compile(r"\{(\w+)\}")


class _Shape(NamedTuple):
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    text: str


def said(words: str, language: str) -> str:
    """Translate the plant's words; what stands in a text's braces is looked up by itself."""
    return _said(words, translation(language)) if language == "zh" else words


def _said(words: str, look: Callable[[str], str]) -> str:
    if not words or (found := look(words)) != words:
        return found if words else words
    for shape in _shapes():
        if parts := shape.pattern.fullmatch(words):
            values = dict(zip(shape.names, (_said(part, look) for part in parts.groups()), strict=True))
            return _PART.sub(lambda one, values=values: values.get(one[1], one[0]), look(shape.text))  # type: ignore[misc]
    return words


@cache
def _shapes() -> tuple[_Shape, ...]:
    """Give the texts with parts in braces; one that is nothing but parts would fit anything."""
    lines = [line for file in LISTS for line in file.read_text("utf-8").splitlines() if line and line[0] != "#"]
    return tuple(_shape(line) for line in lines if _PART.search(line) and re.search(r"[^{}\w]", _PART.sub("", line)))


def _shape(text: str) -> _Shape:
    fixed = [re.escape(part) for part in re.split(r"\{\w+\}", text)]
    return _Shape(re.compile("(.+?)".join(fixed)), tuple(_PART.findall(text)), text)

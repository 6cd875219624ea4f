"""Values of the model as JSON and back, by their types: what the journal keeps can be read again.

A dataclass is an object of its fields; where the type leaves a choice between several, `is` names the class.
Enums go by name, times as ISO text. A field that an old row does not have takes its default; whatever else
does not fit is an error that says where.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

CLASS = "is"
"""The key that names the class where a type leaves a choice."""


class CodecError(ValueError):
    """A value and a type do not fit; the message says where and what was found."""


def to_json(value: object, hint: object) -> Json:
    """Write a value of the type `hint` as JSON. Raises CodecError if it is none."""
    return _writer(hint)(value)


@cache
def _writer(hint: object) -> Callable[[object], Json]:
    """Find out once how values of a type are written: every step of a lane is."""
    hint = _plain(hint)
    if _is_choice(hint):
        return partial(_chosen_to_json, choice=get_args(hint), classes=_classes(get_args(hint)))
    if isinstance(hint, type) and is_dataclass(hint):
        return partial(_object_to_json, kind=hint)
    match get_origin(hint) or hint:
        case kind if kind in (tuple, frozenset):
            return partial(_items_to_json, hint=hint)
        case kind if kind in (dict, Mapping):
            return partial(_mapping_to_json, hint=hint)
    return partial(_scalar_to_json, hint=hint)


def from_json(hint: object, json: Json, where: str = "") -> Any:  # noqa: ANN401 - of the type `hint`
    """Read a value of the type `hint` back. Raises CodecError if the JSON holds none."""
    hint = _plain(hint)
    where = where or _named(hint)
    if _is_choice(hint):
        return _chosen_from_json(get_args(hint), json, where)
    if isinstance(hint, type) and is_dataclass(hint):
        return _object_from_json(hint, json, where)
    match get_origin(hint) or hint:
        case kind if kind in (tuple, frozenset):
            return _items_from_json(hint, json, where)
        case kind if kind in (dict, Mapping):
            return _mapping_from_json(hint, json, where)
    return _scalar_from_json(hint, json, where)


def _plain(hint: object) -> object:
    """Give the type below the names that only people tell apart."""
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return NoneType if hint is None else hint


def _is_choice(hint: object) -> bool:
    return get_origin(hint) in (UnionType, Union)


def _named(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)


# --- a choice of several types ---


def _classes(choice: Iterable[object]) -> dict[str, type]:
    return {kind.__name__: kind for kind in map(_plain, choice) if isinstance(kind, type) and is_dataclass(kind)}


def _chosen_to_json(value: object, choice: tuple[object, ...], classes: Mapping[str, type]) -> Json:
    if is_dataclass(value):
        name = type(value).__name__
        if classes.get(name) is not type(value):
            raise CodecError(f"{name} is none of {_names(choice)}")
        written = _object_to_json(value, type(value))
        return written if len(classes) == 1 else {CLASS: name, **written}
    for kind in map(_plain, choice):
        if isinstance(kind, type) and isinstance(value, kind):
            return to_json(value, kind)
        if not isinstance(kind, type) and isinstance(value, get_origin(kind) or ()):
            return to_json(value, kind)
    raise CodecError(f"{value!r} is none of {_names(choice)}")


def _chosen_from_json(choice: tuple[object, ...], json: Json, where: str) -> object:
    classes = _classes(choice)
    if isinstance(json, dict) and classes:
        if len(classes) == 1:
            return _object_from_json(next(iter(classes.values())), json, where)
        content = dict(json)
        name = content.pop(CLASS, None)
        if not isinstance(name, str) or name not in classes:
            raise CodecError(f"{where}: {name!r} is none of {_names(choice)}")
        return _object_from_json(classes[name], content, name)
    for kind in sorted((kind for kind in map(_plain, choice) if kind not in classes.values()), key=_loose):
        try:
            return from_json(kind, json, where)
        except CodecError:
            continue
    raise CodecError(f"{where}: {json!r} is none of {_names(choice)}")


def _loose(kind: object) -> int:
    """Order types so that the ones which take almost anything are tried last."""
    return {str: 3, float: 2, int: 1}.get(kind, 0) if isinstance(kind, type) else 0


def _names(choice: tuple[object, ...]) -> str:
    return ", ".join(_named(_plain(kind)) for kind in choice)


# --- dataclasses ---


@cache
def _parts(kind: type) -> tuple[tuple[str, object, bool], ...]:
    """Give name, type and whether it may be missing, of every field."""
    hints = get_type_hints(kind)
    return tuple(
        (part.name, hints[part.name], part.default is not MISSING or part.default_factory is not MISSING)
        for part in fields(kind)
    )


def _object_to_json(value: object, kind: type) -> dict[str, Json]:
    parts = _parts(kind)
    if type(value) is not kind:
        raise CodecError(f"{value!r} is no {kind.__name__}")
    return {name: to_json(getattr(value, name), hint) for name, hint, _ in parts}


def _object_from_json(kind: type, json: Json, where: str) -> object:
    if not isinstance(json, dict):
        raise CodecError(f"{where}: {json!r} is no {kind.__name__}")
    parts = _parts(kind)
    if unknown := json.keys() - {name for name, _, _ in parts}:
        raise CodecError(f"{where}: {kind.__name__} has no field {', '.join(sorted(unknown))}")
    if missing := [name for name, _, optional in parts if name not in json and not optional]:
        raise CodecError(f"{where}: {', '.join(missing)} of {kind.__name__} is missing")
    return kind(**{name: from_json(hint, json[name], f"{where}.{name}") for name, hint, _ in parts if name in json})


# --- several of one type ---


def _items_to_json(value: object, hint: object) -> Json:
    kind = get_origin(hint) or hint
    if not isinstance(value, tuple | frozenset) or not isinstance(value, kind):  # type: ignore[arg-type]
        raise CodecError(f"{value!r} is no {_named(hint)}")
    written = [to_json(item, of) for item, of in zip(value, _item_hints(hint, len(value)), strict=True)]
    return sorted(written, key=str) if isinstance(value, frozenset) else written


def _items_from_json(hint: object, json: Json, where: str) -> object:
    if not isinstance(json, list):
        raise CodecError(f"{where}: {json!r} is no list")
    hints = _item_hints(hint, len(json))
    if len(hints) != len(json):
        raise CodecError(f"{where}: {len(hints)} items are expected, {len(json)} are there")
    items = [from_json(of, item, f"{where}[{i}]") for i, (of, item) in enumerate(zip(hints, json, strict=True))]
    return frozenset(items) if get_origin(hint) is frozenset else tuple(items)


def _item_hints(hint: object, size: int) -> list[object]:
    inside = get_args(hint)
    return [inside[0]] * size if get_origin(hint) is frozenset or inside[-1:] == (...,) else list(inside)


def _mapping_to_json(value: object, hint: object) -> Json:
    if not isinstance(value, Mapping):
        raise CodecError(f"{value!r} is no {_named(hint)}")
    key_hint, item_hint = get_args(hint)
    return {str(to_json(key, key_hint)): to_json(item, item_hint) for key, item in value.items()}


def _mapping_from_json(hint: object, json: Json, where: str) -> object:
    if not isinstance(json, dict):
        raise CodecError(f"{where}: {json!r} is no object")
    key_hint, item_hint = get_args(hint)
    return {from_json(key_hint, key, where): from_json(item_hint, item, f"{where}.{key}") for key, item in json.items()}


# --- single values ---


def _scalar_to_json(value: object, hint: object) -> Json:
    if not isinstance(hint, type):
        raise CodecError(f"{hint} has no place in the journal")
    if not isinstance(value, hint) and not (hint is float and type(value) is int):
        raise CodecError(f"{value!r} is no {hint.__name__}")
    match value:
        case Enum():
            return value.name
        case datetime():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise CodecError(f"{hint.__name__} has no place in the journal")


def _scalar_from_json(hint: object, json: Json, where: str) -> object:
    try:
        if isinstance(hint, type) and issubclass(hint, Enum) and isinstance(json, str):
            return hint[json]
        if hint is datetime and isinstance(json, str):
            return datetime.fromisoformat(json)
        if hint is float and json in ("inf", "-inf"):
            return float(str(json))
    except (KeyError, ValueError) as error:
        raise CodecError(f"{where}: {json!r} is no {_named(hint)}") from error
    if hint is float and type(json) is int:
        return float(json)
    if hint in (NoneType, bool, int, float, str) and type(json) is hint:
        return json
    raise CodecError(f"{where}: {json!r} is no {_named(hint)}")

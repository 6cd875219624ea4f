"""What the models of `scada.config` say about a file, in words for the person who wrote it."""

from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from scada.check.mistakes import Mistake
from scada.check.reading import Reading
from scada.config import Config
from scada.model.tomllines import KeyPath

_REMEDIES = {
    "string_type": "put it in quotes",
    "int_type": "write a whole number, without quotes",
    "float_type": "write a number, without quotes",
    "bool_type": "write true or false, without quotes",
    "dict_type": "write it as a table: [section]",
    "model_type": "write it as a table: [section]",
    "tuple_type": "write it as a list: [ … ]",
    "too_short": "give at least one",
}
_PATTERN_REMEDIES = {
    "url": "write it like http://host:port, with no path behind it",
    "base_url": "write it like https://api.mch.weixin.qq.com, with no path behind it",
    "notify_url": "write it like https://host/wechat/notice/pay, without a question mark",
    "mchid": "write the merchant number: 8 to 32 digits",
    "appid": "write the application's id: wx and 8 to 30 small letters and digits",
}


def shape_mistakes(reading: Reading) -> list[Mistake]:
    """Validate the values one by one; what concerns several keys is the affair of `rules`."""
    try:
        Config.model_validate({**reading.content, "folder": reading.file.parent})
    except ValidationError as error:
        return [_mistake(reading, one) for one in error.errors(include_url=False) if one["loc"]]
    return []


def _mistake(reading: Reading, error: ErrorDetails) -> Mistake:
    path: KeyPath = tuple(error["loc"])
    return reading.mistake(path, _what(error), _remedy(error, path))


def _what(error: ErrorDetails) -> str:
    kind = error["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is no key that daozha knows"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "string_pattern_mismatch":
        return f"{_shown(error['input'])} does not have the right form"
    said = error["msg"]
    return f"{said[:1].lower()}{said[1:]}, but it is {_shown(error['input'])}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _remedy(error: ErrorDetails, path: KeyPath) -> str:
    name = str(path[-1])
    kind = error["type"]
    if kind == "missing":
        return f"add {name} = … as in the shipped config.toml"
    if kind == "extra_forbidden":
        return _did_you_mean(name, path)
    if kind == "literal_error":
        return f"write one of {error['ctx']['expected']}"
    if kind == "string_pattern_mismatch":
        return _PATTERN_REMEDIES.get(name, "write small letters, digits, - and _, a letter first")
    return _REMEDIES.get(kind, "choose a value within the limits")


def _did_you_mean(name: str, path: KeyPath) -> str:
    known = _keys_of(path[:-1])
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"remove it; known here: {', '.join(known)}"


def _keys_of(path: KeyPath) -> list[str]:
    """Give the keys of the model at a path."""
    model: type[BaseModel] = Config
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return [name for name in model.model_fields if (model, name) != (Config, "folder")]


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Find the model inside an annotation such as `tuple[Lane, ...]` or `Influx | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if (found := _model_in(inner)) is not None:
            return found
    return None

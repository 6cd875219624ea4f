"""Who sees whole plates, and what everybody else is shown of them: one rule for every door of the control room.

Whoever works with the cars sees plates whole, and so does whoever answers for an agreement that names one, in what is
about that agreement. To all others a plate is its first two signs and its last two, wherever it stands.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from scada.model.masks import MASK, without_plates
from scada.model.plate import UNPLATED, normal_form
from scada.model.rights import BINDINGS, REVOKE_BINDING, SEE_PLATES

_ABOUT: Final[Mapping[str, str]] = {
    "cards": "sell_card",
    "cards_due": "sell_card",
    "card_spaces": "sell_card",
    "rights": "add_right",
    "check_rights": "add_right",
    "bookings": "book_visitor",
    "vouchers": "give_voucher",
    "arrears": "order_arrears",
    BINDINGS: REVOKE_BINDING,
}
"""What is asked about agreements that name a plate -> the right of whoever makes them."""
COVER_THEMSELVES: Final = frozenset({"picture", "replay_passage", "make_report", "report_made", "report_part"})
"""What has a way of its own to cover plates, or a purpose for which they are shown, which is written down."""
_ASKED_BY: Final = ("plate", "plates", "old", "new", "stay")
"""Where a person names a plate: what he named himself is no news to him."""
_PLATE_TAG, _DISPLAY_TAG = "plate.text", "display"
_SHORTEST = 5


def sees_plates(may: Callable[[str], bool], verb: str) -> bool:
    """Say whether somebody sees whole plates in the answer to a verb. `may`: whether he has a right."""
    return may(SEE_PLATES) or (verb in _ABOUT and may(_ABOUT[verb]))


def named_in(args: Mapping[str, object]) -> frozenset[str]:
    """Give the plates that an asker named himself."""
    said = (args.get(name) for name in _ASKED_BY)
    texts = (text for one in said for text in (one if isinstance(one, list) else [one]))
    return frozenset(normal_form(text) for text in texts if isinstance(text, str))


def covered(answer: object, named: frozenset[str] = frozenset()) -> object:
    """Give a JSON value with every plate covered but those named: in fields of plates, in tags, and in free text."""
    match answer:
        case str():
            return _text(answer, named)
        case Mapping():
            return _fields(answer, named)
        case list() | tuple():
            return [covered(one, named) for one in answer]
        case _:
            return answer


def plate_covered(text: str, named: frozenset[str] = frozenset()) -> str:
    """Cover what is called a plate, also one that no rule of plates knows; a car without one has none to cover."""
    if text in named or len(text) < _SHORTEST or text.startswith((UNPLATED, "#")) or MASK in text:
        return text
    return f"{text[:2]}{MASK}{text[-2:]}"


def tag_covered(name: str, value: object) -> object:
    """Cover the plate in a tag's value, if there is one."""
    if not isinstance(value, str) or not value:
        return value
    if name.endswith(f".{_PLATE_TAG}"):
        return plate_covered(value)
    return _json_text(value) if name.endswith(f".{_DISPLAY_TAG}") else _text(value, frozenset())


def _fields(answer: Mapping[str, object], named: frozenset[str]) -> dict[str, object]:
    is_tag = str(answer.get("name", "")).endswith(f".{_PLATE_TAG}")
    return {
        name: _plates(value, named) if _is_plate(name) or (is_tag and name == "value") else covered(value, named)
        for name, value in answer.items()
    }


def _is_plate(name: str) -> bool:
    return name in ("plate", "plates", "plate_number") or name.endswith(("_plate", ".plate"))


def _plates(value: object, named: frozenset[str]) -> object:
    match value:
        case str():
            return plate_covered(value, named)
        case list() | tuple():
            return [_plates(one, named) for one in value]
        case _:
            return covered(value, named)


def _text(text: str, named: frozenset[str]) -> str:
    """Cover plates in what people and programs wrote; addresses and files are plain ASCII and stay as they are."""
    return text if text.isascii() or normal_form(text) in named else without_plates(text)


def _json_text(text: str) -> str:
    try:
        return json.dumps(covered(json.loads(text)), ensure_ascii=False)
    except ValueError:
        return _text(text, frozenset())

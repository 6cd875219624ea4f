"""Which strings are plates at all (`lpr.md` §3): each kind as a list of positions with their allowed signs."""

from dataclasses import dataclass

from scada.model.plate import PROVINCES, Plate, PlateColour, PlateKind

DIGITS = "0123456789"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which nobody could tell from 1 and 0."""
CITY = LETTERS + "O"
"""O stands only here, on old official plates."""
MIXED = LETTERS + DIGITS
ENERGY = "ABCDEFGHJK"
"""D A B C E run on batteries alone, F G H J K do not."""
SPECIAL = "学警港澳挂领使民航应急试超"
SIGNS = PROVINCES + DIGITS + CITY + SPECIAL
"""Every sign a plate may bear; a sign's place in this text is its number in the decoder."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """One form of plate: the allowed signs of each position, from the left."""

    kind: PlateKind
    positions: tuple[str, ...]


def _form(kind: PlateKind, *positions: str) -> Grammar:
    return Grammar(kind, positions)


SINGLE = (
    _form(PlateKind.ORDINARY, PROVINCES, CITY, *[MIXED] * 4, MIXED + "学警挂领试超"),
    _form(PlateKind.HONG_KONG_MACAU, "粤", "Z", *[MIXED] * 4, "港澳"),
    _form(PlateKind.NEW_ENERGY, PROVINCES, LETTERS, ENERGY, MIXED, *[DIGITS] * 4),
    _form(PlateKind.NEW_ENERGY, PROVINCES, LETTERS, *[DIGITS] * 5, ENERGY),
    _form(PlateKind.EMBASSY, "使", *[DIGITS] * 6),
    _form(PlateKind.ARMED_POLICE, "W", "J", PROVINCES + DIGITS, *[MIXED] * 4),
    _form(PlateKind.ARMED_POLICE, "W", "J", PROVINCES + DIGITS, *[MIXED] * 5),
    _form(PlateKind.ARMED_POLICE, "W", "J", DIGITS, DIGITS, *[MIXED] * 5),
    _form(PlateKind.MILITARY, "VKHBSLJNGCEZRD", LETTERS, *[DIGITS] * 5),
    _form(PlateKind.AVIATION, "民", "航", *[MIXED] * 5),
    _form(PlateKind.UNKNOWN, PROVINCES, LETTERS, *[DIGITS] * 4, "应", "急"),
)
"""Plates of one row. The last form, emergency rescue, is not yet checked against the standard."""

DOUBLE = (
    (
        (_form(PlateKind.ORDINARY, PROVINCES, LETTERS),),
        (
            _form(PlateKind.ORDINARY, *[MIXED] * 4, MIXED + "学挂"),
            _form(PlateKind.TRAILER, *[MIXED] * 5, "挂"),
        ),
    ),
    ((_form(PlateKind.UNKNOWN, PROVINCES, DIGITS, DIGITS),), (_form(PlateKind.UNKNOWN, *[DIGITS] * 5),)),
)
"""Plates of two rows, as pairs of upper and lower forms: yellow rear plates, trailers, motorcycles; then tractors."""

_BY_LAST_SIGN = {
    "学": PlateKind.LEARNER,
    "警": PlateKind.POLICE,
    "挂": PlateKind.TRAILER,
    "领": PlateKind.CONSULATE,
    "试": PlateKind.UNKNOWN,
    "超": PlateKind.UNKNOWN,
}
_COLOUR_OF_KIND = {
    PlateKind.POLICE: PlateColour.WHITE,
    PlateKind.ARMED_POLICE: PlateColour.WHITE,
    PlateKind.MILITARY: PlateColour.WHITE,
    PlateKind.EMBASSY: PlateColour.BLACK,
    PlateKind.CONSULATE: PlateColour.BLACK,
    PlateKind.HONG_KONG_MACAU: PlateColour.BLACK,
}


def kind_of(text: str, kind: PlateKind = PlateKind.ORDINARY) -> PlateKind:
    """Refine the kind of the form that a text was read under by its last sign."""
    return _BY_LAST_SIGN.get(text[-1:], kind)


def parse(text: str) -> PlateKind | None:
    """Give the kind of a plate of one row, or None if no form allows the text."""
    for grammar in SINGLE:
        if allows(grammar, text):
            return kind_of(text, grammar.kind)
    return None


def allows(grammar: Grammar, text: str) -> bool:
    """Say whether a form allows a text."""
    if len(text) != len(grammar.positions):
        return False
    return all(sign in allowed for sign, allowed in zip(text, grammar.positions, strict=True))


def is_suspicious(plate: Plate, kind: PlateKind) -> bool:
    """An ordinary plate has at most two letters among its last five signs: none of 1,329 had more (`lpr.md` §2)."""
    return kind is PlateKind.ORDINARY and sum(sign in LETTERS for sign in plate[2:]) > 2


def colour_by_text(kind: PlateKind, plate: Plate, seen: PlateColour) -> PlateColour:
    """Let the text overrule the colour that was seen (`lpr.md` §4)."""
    if kind is PlateKind.NEW_ENERGY:
        return PlateColour.LIMEGREEN if plate[2] in DIGITS else PlateColour.GREEN
    return _COLOUR_OF_KIND.get(kind, seen)

"""Whole numbers in text that somebody else wrote."""


def whole_of(text: str, most: int) -> int | None:
    """Read a whole number from 0 to `most` in the digits 0 to 9; None for anything else, however long it is.

    What Python calls a digit may be one that `int` refuses (²), and `int` refuses more than 4,300 of them.
    """
    if not (text.isascii() and text.isdecimal()):
        return None
    figures = text.lstrip("0") or "0"
    if len(figures) > len(str(most)):
        return None
    number = int(figures)
    return number if number <= most else None

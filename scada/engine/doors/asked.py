"""The arguments of an ask, checked: whatever a web process sends, a handler gets what it can work with."""

from datetime import datetime

from scada.engine.doors.peer import Ask, BridgeRefusal

MOST_ROWS = 200
LONGEST = 500
LONGEST_NOTE = 200


def text_of(ask: Ask, name: str) -> str:
    """Take a text argument. Raises BridgeRefusal if it is missing or too long."""
    value = ask.args.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise BridgeRefusal("bad_args", f"{name} is missing")
    return value


def optional(ask: Ask, name: str) -> str:
    """Take a text that may be left out, as long as a note may be."""
    return str(ask.args.get(name) or "").strip()[:LONGEST_NOTE]


def whole_number(ask: Ask, name: str, least: int, most: int) -> int:
    """Take a whole number within its limits. Raises BridgeRefusal."""
    value = ask.args.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BridgeRefusal("bad_args", f"{name} must be a whole number from {least} to {most}")
    return value


def texts_of(ask: Ask, name: str, most: int) -> list[str]:
    """Take a list of texts. Raises BridgeRefusal."""
    told = ask.args.get(name)
    if not isinstance(told, list) or len(told) > most or not all(isinstance(one, str) for one in told):
        raise BridgeRefusal("bad_args", f"{name}: a list of at most {most} texts")
    return told


def moment_of(ask: Ask, name: str) -> datetime:
    """Take a time with its zone. Raises BridgeRefusal."""
    try:
        at = datetime.fromisoformat(text_of(ask, name))
    except ValueError as error:
        raise BridgeRefusal("bad_args", f"{name}: a time in ISO 8601") from error
    if at.tzinfo is None:
        raise BridgeRefusal("bad_args", f"{name}: a time with its zone")
    return at


def limit_of(ask: Ask) -> int:
    """Say how many rows are wanted, and no more than may be."""
    wanted = ask.args.get("limit", 20)
    return min(wanted, MOST_ROWS) if isinstance(wanted, int) and wanted > 0 else 20

"""A site's facts: its names, its telephone, and what its invoices say of it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.views.settings.common import changed, field, number, seer, shown, to_come, told
from hmi.language import say

facts = Blueprint("facts", __name__, url_prefix="/settings/site")

_LONGEST = 100
_NAMES = ("name", "name_en", "phone", "company", "tax_number", "address", "bank", "bank_account")


@facts.get("")
def page() -> ResponseReturnValue:
    """Show the facts."""
    return _shown(say("Saved.") if field("done") == "saved" else "", 200)


def _shown(words: str, status: int) -> ResponseReturnValue:
    seer()
    found = told("site_facts", {})
    return shown(
        "facts",
        words,
        status,
        facts=found["facts"],
        seen=found["seen"],
        titles=_titles(),
        coming=to_come("site", "site"),
    )


@facts.post("/save")
def save() -> ResponseReturnValue:
    """Set all facts."""
    args: dict[str, object] = {name: field(name, _LONGEST) for name in _NAMES}
    may = signed_in().may("set_site_facts")
    return changed("set_site_facts", {**args, "seen": number("seen")}, may, "facts.page", "saved", _shown)


def _titles() -> dict[str, str]:
    words = (
        say("Name of the car park"),
        say("English name"),
        say("Telephone"),
        say("Company on invoices"),
        say("Tax number"),
        say("Address"),
        say("Bank of the account"),
        say("Bank account"),
    )
    return dict(zip(_NAMES, words, strict=True))

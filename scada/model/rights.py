"""The one table of rights: what there is to be done, and which roles may (`hmi.md` §8).

The pages, the HTTP API, the sockets and the plant ask this table; the plant decides. A right is named as the plant's
verb; what is no verb, is named here. What the table does not name, nobody may.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Role(Enum):
    """What a person is in the control room; `system` is none, but another system that reads served tags."""

    OPERATOR = "operator"
    TECHNICIAN = "technician"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SYSTEM = "system"


CHANGE: Final = "change_password"
LOOK: Final = "look"
"""Be signed in: see the live tags and the pages that are everybody's."""
VOUCH: Final = "vouch"
"""Stand as the second person for what nobody may do alone."""
SEE_PLATES: Final = "see_plates"
"""See plates in pictures without saying what for: whoever works with the cars."""
SIGN_TARIFF: Final = "sign_tariff"
"""Stand for a version of a tariff, as one of two people."""
READ_SERVED: Final = "read_served"
"""Read the tags that the site serves to other systems (`docs/serving.md`), and nothing that people see."""
TRAIN_ANOTHER: Final = "train_another"
"""Begin a lesson for somebody else, and see everybody's marks."""
PEOPLE: Final = "people"
BINDINGS: Final = "bindings"
REVOKE_BINDING: Final = "revoke_binding"

_O, _T, _M, _A, _U = Role.OPERATOR, Role.TECHNICIAN, Role.MANAGER, Role.ADMINISTRATOR, Role.AUDITOR
_EVERYBODY = (_O, _T, _M, _A, _U)

_ROWS: tuple[tuple[tuple[Role, ...], tuple[str, ...]], ...] = (
    # what everybody may see, and the own password
    (_EVERYBODY, (LOOK, CHANGE, "open_stays", "recent_stays", "picture", "cameras", "journal", "mode_periods")),
    (_EVERYBODY, ("help_calls", "desk_cases", "site_facts", "tag_facts", "tags", "forced_tags", "tag_map", "trends")),
    (_EVERYBODY, ("replay_passage", "desk_car", "cars_today")),
    # the same for a room elsewhere, which does not see the site's disks
    (_EVERYBODY, ("read_trends", "read_points", "read_replay", "reading_made", "reading_part", "stop_reading")),
    (_EVERYBODY, ("drawing_part",)),
    (_EVERYBODY, ("tag_places", "trend_events", "trend_views", "keep_trend_view", "drop_trend_view")),
    # people and tokens; an auditor looks, and has no token but what an administrator makes
    ((_A, _U), (PEOPLE, "person_log", "sessions")),
    ((_A,), ("add_person", "change_role", "lock_person", "reset_person", "kick", "make_any_token")),
    (_EVERYBODY, ("tokens", "confirm_password")),
    ((_O, _T, _M, _A), ("make_token", "revoke_token")),
    # what money moved, and why: for whoever takes it, answers for it or looks it through
    ((_O, _M, _A, _U), ("receipt", "till", "tills", "trial_balance", "statement", "stay_money", "explain_fee")),
    ((_O, _M, _A, _U), ("ledger_check", "reconciliation", "cases", "case", "merchants", "vouchers", "bookings")),
    ((_O, _M, _A, _U), ("arrears", "card_products", "cards", "cards_due", "refunds", "payments")),
    # reports as documents; technicians make those about equipment only
    (_EVERYBODY, ("make_report", "report_made", "report_part", "stop_report")),
    ((_M, _A, _U), ("report_schedules",)),
    # cash at the counter, and the safe
    ((_O, _A), ("cash_price", "take_cash", "take_arrears_cash", "void_cash", "open_till", "close_till")),
    ((_M, _A), ("move_safe",)),
    # what a person must decide about money: for whoever answers for it
    ((_M, _A), ("take_case", "comment_case", "close_case", "run_reconciliation")),
    # what lets a driver pay less or in another way, within what was agreed
    ((_O, _M, _A), ("give_voucher", "claim_voucher", "withdraw_voucher", "order_arrears", "order_top_up")),
    ((_O, _M, _A), ("sell_card", "renew_card", "change_card_plate", "book_visitor", "change_booking")),
    ((_O, _M, _A), ("withdraw_booking", "refund", "refund_again")),
    # what is agreed with merchants, and what is given up for good
    ((_M, _A), ("add_merchant", "change_merchant", "end_merchant", "merchant_paid", "invoice_merchant")),
    ((_M, _A), ("invoice_paid", "write_off_arrears", "end_card", SIGN_TARIFF)),
    ((_M, _A), ("price_under_draft", "stop_draft")),
    ((_M, _A), ("save_tariff", "withdraw_tariff")),
    ((_M, _A, _U), ("tariffs", "tariff", "check_tariff", "try_tariff", "compare_tariffs", "draft_prices")),
    ((_M, _A), ("set_card_product", "renew_merchant_link", "add_right", "remove_right", "import_rights")),
    ((_O, _M, _A, _U), ("card_spaces", "rights")),
    ((_M, _A), ("check_rights",)),
    ((_M, _A), ("set_holidays", "seed_holidays", "set_display_text", "set_site_facts")),
    ((_M, _A, _U), ("holidays", "display_texts", "preview_display_text")),
    ((_T, _A), ("aim_camera", "try_aim")),
    ((_T, _M, _A, _U), ("camera_aims",)),
    # what is set while the site runs, and what people did
    ((_T, _M, _A, _U), ("settings", "setting_history")),
    ((_M, _A, _U), ("audit",)),
    # which phones are told of a plate, and ending that when its owner complains
    ((_O, _M, _A), (BINDINGS, REVOKE_BINDING)),
    # lanes and equipment
    ((_O, _T, _A), ("test_opening", "leave_resync", "confirm_fault", "relearn_camera")),
    ((_O, _A), ("hold_open", "lock", "auto", "turn_tide", "open_gate", "correct_plate", "pick_stay", "send_back")),
    ((_O, _A), ("answer_help", "end_help", "send_fee", SEE_PLATES)),
    # where a plate was before, and what a lane's camera sees now: plates are to be read in both
    ((_O, _A), ("plate_history", "live_picture", "end_stay", "settle_doubt")),
    ((_O, _M, _A), ("desk_shift", "hand_over_desk")),
    ((_O, _M, _A, _U), ("desk_shift_sheet", "stocktake")),
    ((_T, _A), ("force_tag", "unforce_tag", "write_tag", "reload_tags", "rollback_tags")),
    # technicians: what equipment does, maps by two, recordings, and how a lane was accepted
    (_EVERYBODY, ("devices", "lane_health", "map_proposals", "map_difference", "map_file", "recordings", "recording")),
    (_EVERYBODY, ("recording_part", "acceptance", "processes", "metrics")),
    ((_T, _A), ("propose_map", "apply_map", "withdraw_map")),
    ((_T, _M, _A), ("sign_map", "hold_recording")),
    ((_T, _A), ("sign_acceptance", "learn_lane")),
    # sitting at the desk: taking what waits for a person, and giving it back
    ((_O, _M, _A), ("take_desk_case", "give_back_case", "settle_desk_case", "desk_here", VOUCH)),
    # alarms: what a person does with one; taking it out of service is for maintenance, with a work order
    (_EVERYBODY, ("alarms", "alarm_events", "alarm_figures")),
    ((_O, _T, _A), ("acknowledge_alarms", "comment_alarm", "shelve_alarm", "unshelve_alarm", "reset_alarm")),
    ((_O, _T, _A), ("silence_alarms",)),
    ((_T, _A), ("take_alarm_out", "place_alarm_back")),
    # lessons at a training site: everybody sees them, whoever works at the desk takes them, also for another
    (_EVERYBODY, ("training",)),
    ((_O, _T, _M, _A), ("start_lesson", "stop_lesson")),
    ((_M, _A), (TRAIN_ANOTHER,)),
    ((Role.SYSTEM,), (READ_SERVED,)),
)

RIGHTS: Final[Mapping[str, frozenset[Role]]] = {right: frozenset(roles) for roles, rights in _ROWS for right in rights}
"""Right -> roles."""


DANGEROUS: Final = frozenset(
    {"add_person", "change_role", "lock_person", "reset_person", "kick", "make_token", "make_any_token", "revoke_token"}
    | {"refund", "refund_again", "move_safe", "write_off_arrears", "apply_map", "reload_tags", "rollback_tags"}
)
"""What asks for a password that is five minutes old at most; no token may hold it."""
_PROGRAM: Final = "token "
OWN: Final = frozenset(
    {CHANGE, "confirm_password", "tokens", VOUCH, SIGN_TARIFF, "sign_map", "sign_acceptance"}
    | {"desk_here", "hand_over_desk"}
)
"""What is a person's own, standing for a thing and sitting at the desk in person too: no token may hold it either."""


def scope_of(role: str) -> frozenset[str]:
    """Name the rights that a token of this role may hold."""
    return frozenset(right for right in RIGHTS if may(role, right)) - DANGEROUS - OWN


def by_token(token: str) -> str:
    """Name the session of a program at the bridge."""
    return f"{_PROGRAM}{token}"


def token_of(session: str) -> str:
    """Give the token of a program's session; nothing for a person at a screen."""
    return session.removeprefix(_PROGRAM) if session.startswith(_PROGRAM) else ""


def changes(right: str) -> bool:
    """Say whether a right is one to change something: an auditor, who reads all, has none of them."""
    return Role.AUDITOR not in RIGHTS.get(right, ())


def may(role: str, right: str) -> bool:
    """Say whether a role has a right. What the table does not name, nobody may."""
    return any(known.value == role for known in RIGHTS.get(right, ()))


def roles_of(right: str) -> tuple[str, ...]:
    """Name the roles that have a right, in the order of `Role`."""
    return tuple(role.value for role in Role if role in RIGHTS.get(right, ()))

"""The tables. SQL is the truth for stays, money, openings and people; every row carries its site.

Money is whole fen in integer columns; times are aware UTC. Alembic (`scada/migrations`) makes the
tables; a test compares its result with these files.
"""

from scada.store.schema.alarms import alarm, alarm_event, alarm_notice
from scada.store.schema.base import Utc, metadata
from scada.store.schema.bills import bill_day, bill_row, case_note
from scada.store.schema.bookings import booking, booking_visit
from scada.store.schema.cards import card_period, card_reminder, month_card
from scada.store.schema.desk import desk_case, desk_shift
from scada.store.schema.help import help_call
from scada.store.schema.keeping import report_run, restore_mark, retention_run
from scada.store.schema.ledger import ledger_entry, ledger_posting, money_case
from scada.store.schema.parking import parking_deduction, parking_session
from scada.store.schema.passages import (
    camera_read,
    case,
    gate_cycle,
    lane_fault,
    passage,
    picture_look,
    rise,
    uncertain,
)
from scada.store.schema.payments import demand, notice, pay_order, settlement
from scada.store.schema.people import api_token, operator, plate_right
from scada.store.schema.phones import invoice_request, phone_push, plate_binding
from scada.store.schema.plant import intent, journal, mode_period, open_request
from scada.store.schema.refunds import refund
from scada.store.schema.settings import setting_version
from scada.store.schema.shops import merchant_link
from scada.store.schema.standby import lease, server
from scada.store.schema.stays import quote, stay, tariff_signature
from scada.store.schema.technicians import acceptance_sheet, trend_view
from scada.store.schema.tickets import ticket
from scada.store.schema.till import cash_payment, till_shift
from scada.store.schema.vouchers import merchant, merchant_invoice, voucher

__all__ = [
    "Utc",
    "acceptance_sheet",
    "alarm",
    "alarm_event",
    "alarm_notice",
    "api_token",
    "bill_day",
    "bill_row",
    "booking",
    "booking_visit",
    "camera_read",
    "card_period",
    "card_reminder",
    "case",
    "case_note",
    "cash_payment",
    "demand",
    "desk_case",
    "desk_shift",
    "gate_cycle",
    "help_call",
    "intent",
    "invoice_request",
    "journal",
    "lane_fault",
    "lease",
    "ledger_entry",
    "ledger_posting",
    "merchant",
    "merchant_invoice",
    "merchant_link",
    "metadata",
    "mode_period",
    "money_case",
    "month_card",
    "notice",
    "open_request",
    "operator",
    "parking_deduction",
    "parking_session",
    "passage",
    "pay_order",
    "phone_push",
    "picture_look",
    "plate_binding",
    "plate_right",
    "quote",
    "refund",
    "report_run",
    "restore_mark",
    "retention_run",
    "rise",
    "server",
    "setting_version",
    "settlement",
    "stay",
    "tariff_signature",
    "ticket",
    "till_shift",
    "trend_view",
    "uncertain",
    "voucher",
]

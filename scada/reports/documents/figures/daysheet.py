"""The report `day-sheet`: the owner's page. What came, what it brought, what is owed, and whether everything agrees."""

from sqlalchemy import Connection

from scada.model.money import Fen, yuan_text
from scada.model.saying import say
from scada.reports.daysheet import Lot, Sheet, read_sheet
from scada.reports.documents.asked import Asked, Verdict
from scada.reports.documents.document import Cell, Figure, Kind, Section, Table, text, yes

_IDENTITIES = {
    "inside": say("Inside before, and came, less who left = inside after"),
    "came": say("Came = stays begun by the openings"),
    "left": say("Left = stays ended by the openings"),
    "unexplained_openings": say("Openings that nothing explains = none"),
    "fees": say("Fees less all that became of them = none, yuan"),
    "arrears": say("Debts less all that became of them = none, yuan"),
    "taken": say("Taken at lanes and by phone = taken of the dues, yuan"),
    "vouchers": say("Vouchers by channel = vouchers of the dues, yuan"),
    "cards": say("Cards by channel = cards sold, yuan"),
    "deferred": say("Cards: paid, less earned and given back and left = none, yuan"),
    "ledger_and_tables": say("Days on which ledger and lanes' tables differ = none"),
    "wechat": say("Settlements = what the ledger says WeChat took, yuan"),
    "cash": say("Receipts = what the ledger says came into tills, yuan"),
}


def day_sheet(connection: Connection, asked: Asked) -> Verdict:
    """Tell the days on one page."""
    config = asked.config
    zone_of = {lane.id: config.zone_of(lane.id) for lane in config.lanes}
    sheet = read_sheet(connection, Lot(asked.site, config.park, zone_of, asked.zone), asked.since, asked.until)
    return Verdict((_cars(sheet), _money(sheet), _debts(sheet), _agrees(sheet)), agrees=sheet.agrees)


def _cars(sheet: Sheet) -> Section:
    every = sheet.traffic
    figures = (
        Figure("inside_before", say("Inside at the beginning"), sheet.inside_before),
        Figure("came", say("Came"), every.came),
        Figure("left", say("Left"), every.left),
        Figure("uncounted", say("Ended unseen or annulled"), every.uncounted),
        Figure("inside_after", say("Inside at the end"), sheet.inside_after),
        Figure("without_fee", say("Left without a fee"), every.without_fee),
        Figure("openings", say("Openings"), sheet.openings),
        Figure("unexplained", say("Unexplained openings"), sheet.unexplained),
    )
    return Section(say("Cars"), figures=figures, name="cars")


def _money(sheet: Sheet) -> Section:
    told = {
        "fees_fen": say("Fees, yuan"),
        "taken_fen": say("Taken, yuan"),
        "vouchers_fen": say("Vouchers, yuan"),
        "by_rule_fen": say("Let off by rule, yuan"),
        "by_people_fen": say("Let off by people, yuan"),
        "given_back_fen": say("Given back, yuan"),
    }
    figures = tuple(Figure(key, title, sheet.sum(key), Kind.FEN) for key, title in told.items())
    cards = Figure("cards_sold_fen", say("Month cards sold, yuan"), sheet.cards.sold_fen, Kind.FEN)
    earned = Figure("cards_earned_fen", say("Month cards earned, yuan"), sheet.cards.earned_fen, Kind.FEN)
    return Section(say("Money"), figures=(*figures, cards, earned), name="money")


def _debts(sheet: Sheet) -> Section:
    first, last = sheet.dues.days[0], sheet.dues.days[-1]
    figures = (
        Figure("owed_before_fen", say("Owed at the beginning, yuan"), first.owed_before_fen, Kind.FEN),
        Figure("made_fen", say("Left owing, yuan"), sheet.sum("made_fen"), Kind.FEN),
        Figure("recovered_fen", say("Old debts paid, yuan"), sheet.sum("recovered_fen"), Kind.FEN),
        Figure("written_off_fen", say("Written off, yuan"), sheet.sum("written_off_fen"), Kind.FEN),
        Figure("owed_fen", say("Owed at the end, yuan"), last.owed_fen, Kind.FEN),
    )
    return Section(say("Debts"), figures=figures, name="debts")


def _agrees(sheet: Sheet) -> Section:
    columns = (
        text("identity", say("What must agree")),
        text("left", say("One side")),
        text("right", say("Other side")),
        yes("holds", say("Agrees")),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in sheet.identities:
        left, right = (_shown(side, is_money=one.is_money) for side in (one.left, one.right))
        rows.append((_IDENTITIES[one.key], left, right, one.holds))
    return Section(say("What must agree"), table=Table("identities", columns, tuple(rows)))


def _shown(side: int, *, is_money: bool) -> str:
    return yuan_text(Fen(side)) if is_money else f"{side:,}"

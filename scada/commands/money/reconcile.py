"""`daozha reconcile`: a day's bills of WeChat against our ledger, now, beside a plant that runs or not."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from billing.pay.billfile import BillError, BillFile, sha1_of
from billing.reconcile.compare.match import Difference, Matched, Side, Trade
from billing.reconcile.intake.days import BillDay, Kind
from billing.reconcile.setup import Bills, build_bills
from billing.wechat import WeChatGateway, gateway_of
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.money import Fen, yuan_text
from scada.ports import BillingError
from scada.store.db import Database

_TITLES = {
    Side.ONLY_OURS: "only in our books",
    Side.ONLY_THEIRS: "only in WeChat's bill",
    Side.DIFFERS: "not the same",
}


def reconcile(asked: argparse.Namespace) -> int:
    """Reconcile a day. 0: it agrees; 1: it does not; 2: it could not be compared."""
    say.only_trouble()

    async def work(config: Config, db: Database) -> int:
        try:
            file = None if asked.file is None else await asyncio.to_thread(read_file, asked.file)
            line = await asyncio.to_thread(_line, config, must=file is None)
            with say.progress(f"bill of {asked.date}") as told:
                bills = await asyncio.to_thread(build_bills, config, db, clock_from(), line, progress=told)
                return await _reconcile(bills, asked, file, has_funds=file is None and not config.wechat.sub_mchid)
        except (BillError, BillingError, OSError) as error:
            say.complain(f"{asked.date} is not reconciled: {error}")
            return 2

    return with_database(asked, work)


def read_file(path: Path) -> BillFile:
    """Read a bill that somebody has brought; no hash came with it, so its own sums must do. Raises BillError."""
    content = path.read_bytes()
    return BillFile(content, sha1_of(content))


def _line(config: Config, *, must: bool) -> WeChatGateway | None:
    """Build the way to WeChat; with a file in hand it may be missing, and then nothing is asked."""
    try:
        return gateway_of(config)
    except BillingError:
        if must:
            raise
        say.note("WeChat is not asked: its keys are not here")
        return None


async def _reconcile(bills: Bills, asked: argparse.Namespace, file: BillFile | None, *, has_funds: bool) -> int:
    found = await bills.reconciler.trades(asked.date, file, anew=asked.anew)
    if found.matched is None:
        say.complain(f"{asked.date} is not reconciled: {found.bill.why}")
        return 2
    funds = await bills.reconciler.funds(asked.date, anew=asked.anew) if has_funds else None
    if asked.json:
        sys.stdout.write(json.dumps(as_json(found.bill, found.matched, funds), ensure_ascii=False) + "\n")
    else:
        _show(found.bill, found.matched, funds)
    if funds is not None and not funds.is_done:
        say.complain(f"the movements of money of {asked.date} are not reconciled: {funds.why}")
        return 2
    return 1 if found.matched.differences or (funds is not None and funds.differ) else 0


def as_json(bill: BillDay, matched: Matched, funds: BillDay | None) -> dict[str, object]:
    """Give one day's result for programs."""
    lists = {side.value: [_object(one) for one in matched.of(side)] for side in Side}
    return {
        "day": bill.day.isoformat(),
        "state": bill.state.value,
        "rows": bill.rows,
        "agreed": matched.agreed,
        "agreed_fen": matched.agreed_fen,
        "undone": matched.undone,
        "waiting": [_side(one) for one in matched.waiting],
        "others": bill.others,
        "others_fen": bill.others_fen,
        **lists,
        Kind.FUNDS.value: None
        if funds is None
        else {
            "state": funds.state.value,
            "balance_fen": funds.balance_fen,
            "unexplained": funds.differ,
            "why": funds.why,
        },
    }


def _object(one: Difference) -> dict[str, object]:
    ours, theirs = (None if side is None else _side(side) for side in (one.ours, one.theirs))
    return {"why": one.why, "ours": ours, "theirs": theirs}


def _side(trade: Trade) -> dict[str, object]:
    return {
        "what": trade.what.value,
        "number": trade.number,
        "order": trade.order,
        "wechat_id": trade.wechat_id,
        "amount_fen": trade.amount_fen,
        "state": trade.state,
        "at": trade.at.isoformat(),
    }


def _show(bill: BillDay, matched: Matched, funds: BillDay | None) -> None:
    for side in Side:
        lines = [
            (
                one.trade.what.value,
                one.trade.number,
                "" if one.ours is None else yuan_text(one.ours.amount_fen),
                "" if one.theirs is None else yuan_text(one.theirs.amount_fen),
                one.why,
            )
            for one in matched.of(side)
        ]
        if lines:
            columns = ("what", "number", "ours, yuan", "WeChat's, yuan", "why")
            say.show_table(f"{bill.day}: {len(lines)} {_TITLES[side]}", columns, lines)
    say.tell(f"{bill.day}: {matched.agreed} trades agree, {yuan_text(matched.agreed_fen)} yuan")
    if matched.undone:
        say.tell(f"{matched.undone} payments were undone by WeChat itself")
    if matched.waiting:
        say.tell(f"{len(matched.waiting)} so near to midnight that they wait for the neighbour's bill")
    if bill.others:
        say.tell(f"{bill.others} trades of other systems at this merchant, {yuan_text(bill.others_fen)} yuan")
    if funds is not None and funds.is_done:
        held = "nothing" if funds.balance_fen is None else f"{yuan_text(Fen(funds.balance_fen))} yuan"
        say.tell(f"WeChat held {held} at the end of the day; {say.counted(funds.differ, 'thing')} not explained")

"""The platform is a bank: what it has taken, closed, given back and promised to tell outlives its process."""

import json
from dataclasses import replace
from pathlib import Path

from billing.pay.gateway import Closed, CodeUrl, Refund, Refused
from billing.settle import Transaction
from billing.sim.wechat.books.safe import Safe
from billing.sim.wechat.keys import prepare
from scada.model.money import Fen
from scada.sim.trial.ports import free_port
from tests.support.billing import Phone, made_config, start_wechat, wechat_process
from tests.support.wechat import gateway_to, number, soon, wait_for


def test_a_platform_that_is_killed_knows_its_orders_refunds_and_debts_of_notice(tmp_path: Path) -> None:
    config = made_config(tmp_path, free_port(), free_port())
    assert config.sim is not None
    phone = Phone(config.sim.wechat_port)
    paid, open_, closed, burnt = number(), number(), number(), number()
    terms = ("停车费", Fen(500), soon())
    with start_wechat(config) as process:
        gateway = gateway_to(config)
        codes = {order: gateway.create(order, *terms) for order in (paid, open_, closed)}
        code = codes[paid]
        assert isinstance(code, CodeUrl)
        assert phone.pay(code.text) == "ok"
        wait_for(lambda: owes_a_notice(phone))
        assert isinstance(gateway.close(closed), Closed)
        assert isinstance(gateway.close(burnt), Closed)
        before = gateway.query(paid)
        assert isinstance(before, Transaction)
        back = gateway.refunds.refund(f"R{paid}A", paid, Fen(200), Fen(500), "重复支付")
        assert isinstance(back, Refund)
        process.kill()
    with wechat_process(config):
        after = gateway.query(paid)
        assert isinstance(after, Transaction)
        assert (after.trade_state, after.transaction_id) == ("REFUND", before.transaction_id)
        assert gateway.create(open_, *terms) == codes[open_]
        assert isinstance(gateway.create(closed, *terms), Refused)
        assert isinstance(gateway.create(burnt, *terms), Refused)
        kept = gateway.refunds.query(f"R{paid}A")
        assert isinstance(kept, Refund)
        assert replace(kept, status=back.status, success_at=back.success_at) == back
        too_much = gateway.refunds.refund(f"R{paid}B", paid, Fen(301), Fen(500), "重复支付")
        assert isinstance(too_much, Refused)
        assert owes_a_notice(phone)


def owes_a_notice(phone: Phone) -> bool:
    told = json.loads(phone.get("/sim/schedule"))
    return not told["is_sending"] and told["next"] is not None


def test_half_a_row_at_the_end_is_no_row(tmp_path: Path) -> None:
    caller = prepare(made_config(tmp_path)).caller
    safe = Safe(tmp_path / "books", caller)
    safe.keep("burnt", "A", "A")
    safe.keep("burnt", "B", "B")
    safe.keep("burnt", "C", "C")
    safe.drop("burnt", "B")
    safe.close()
    path = tmp_path / "books"
    whole = path.read_bytes()
    for cut in (1, 5, 20):
        path.write_bytes(whole[:-cut])
        found = Safe(path, caller)
        assert list(found.all("burnt", str)) == ["A", "B", "C"]
        found.close()
    path.write_bytes(whole)
    found = Safe(path, caller)
    assert list(found.all("burnt", str)) == ["A", "C"]
    found.close()

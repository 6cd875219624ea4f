"""Lists of plates and card products set in the control room; what changes is told with what stood before."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from billing.cards.desk import products_of
from billing.cards.terms import Product
from billing.doors.settings.lists import ListOffice
from billing.doors.settings.products import ProductOffice
from scada.config import Config
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.reasoned import reasoned
from scada.settings.money import CardProduct
from scada.store.journal import SqlJournal, verify
from scada.store.schema import journal
from tests.support.billing import made_config
from tests.support.settings import Office, ask_of, open_office
from tests.support.store import SITE

pytestmark = pytest.mark.usefixtures("any_database")

HEAD = ["plate", "kind", "until", "note"]
MONTH = CardProduct(name="month", title="月卡", price_fen=30_000)


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    made = await asyncio.to_thread(made_config, tmp_path)
    return made.model_copy(update={"card_products": (MONTH,)})


@pytest.fixture
async def office(tmp_path: Path, config: Config) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as made:
        made.verbs = ListOffice(config, made.office).verbs()
        yield made


async def deeds(office: Office) -> list[tuple[str, object]]:
    def work(conn: Connection) -> list[tuple[str, object]]:
        return [(row.what, row.body.get("reason")) for row in conn.execute(select(journal).order_by(journal.c.n))]

    return await office.db.read(work)


async def test_a_plate_is_put_on_a_list_and_taken_off_with_a_reason(office: Office) -> None:
    await office.ask("add_right", plate="京a00001", kind="white", note="fire brigade")
    assert [(row["plate"], row["kind"], row["note"]) for row in await office.ask("rights")] == [
        ("京A00001", "white", "fire brigade")
    ]
    for wrong, why in (({"plate": "京A00001"}, "already"), ({"plate": "x"}, "no plate"), ({"kind": "grey"}, "kind")):
        with pytest.raises(BridgeRefusal, match=why):
            await office.ask("add_right", **{"plate": "京A00002", "kind": "white", **wrong})
    await office.ask("remove_right", plate="京A00001", kind="white", reason="moved away")
    with pytest.raises(BridgeRefusal, match="no such right"):
        await office.ask("remove_right", plate="京A00001", kind="white")
    assert await deeds(office) == [("right added", "as agreed"), ("right removed", "moved away")]


async def test_a_table_is_applied_as_its_difference_was_shown(office: Office) -> None:
    for plate in ("京A00001", "京A00002"):
        await office.ask("add_right", plate=plate, kind="white")
    await office.ask("add_right", plate="京A00009", kind="black")
    rows = [HEAD, ["京A00001", "white", "", "now with a note"], ["京A00003", "white", "2099-01-01", ""]]
    found = await office.ask("check_rights", rows=rows)
    assert found["counts"] == {"new": 1, "changed": 1, "gone": 1, "same": 0}
    assert (found["gone"][0]["plate"], found["changed"][0]["new"]["note"]) == ("京A00002", "now with a note")
    await office.ask("add_right", plate="京A00004", kind="white")
    with pytest.raises(BridgeRefusal, match="changed meanwhile"):
        await office.ask("import_rights", rows=rows, digest=found["digest"], end_gone=True)
    again = await office.ask("check_rights", rows=rows)
    await office.ask("import_rights", rows=rows, digest=again["digest"], end_gone=True)
    held = {(row["plate"], row["kind"], row["note"]) for row in await office.ask("rights")}
    assert held == {
        ("京A00001", "white", "now with a note"),
        ("京A00003", "white", ""),
        ("京A00009", "black", ""),
    }
    assert (await deeds(office))[-1] == ("rights imported", "as agreed")
    assert await office.db.read(verify) is None
    bad = await office.ask("check_rights", rows=[HEAD, ["x", "white", "", ""], ["京A00005", "pink", "", ""]])
    assert [(one["row"], one["column"]) for one in bad["mistakes"]] == [(2, "plate"), (3, "kind")]
    with pytest.raises(BridgeRefusal, match="row 2: plate"):
        await office.ask("import_rights", rows=[HEAD, ["x", "white", "", ""]], digest="x")


async def test_a_product_is_sold_on_other_terms_at_once(office: Office, config: Config) -> None:
    products: dict[str, Product] = products_of(config.card_products)
    one = ProductOffice(config, office.office, products)
    office.verbs = one.verbs()
    fields = {"title": "月卡", "price_fen": 35_000, "months": 1, "plates": 2, "spaces": 1}
    await office.ask("set_card_product", name="month", product=fields)
    assert (products["month"].price_fen, products["month"].plates) == (35_000, 2)
    await office.ask("set_card_product", name="year", product={**fields, "months": 12, "most": 5})
    await office.ask("set_card_product", name="month", sold=False, seen=1)
    assert list(products) == ["year"]
    for wrong in ({"price_fen": 0}, {"zones": ["nowhere"]}, {"title": 5}, {"colour": "red"}):
        with pytest.raises(BridgeRefusal):
            await office.ask("set_card_product", name="week", product={**fields, **wrong})
    told = await office.ask("card_spaces")
    assert told["products"] == {"year": {"good": 0, "left": 5}}
    rows = await office.db.read(lambda conn: conn.execute(select(journal).order_by(journal.c.n)).all())
    assert {"place": "price_fen", "before": 30_000, "after": 35_000} in rows[0].body["changes"]


async def test_what_is_asked_with_a_reason_is_written_down_with_what_it_changed(office: Office) -> None:
    shop = {"merchant": "Shop", "limit_fen": 0}

    async def change(ask: Ask) -> object:
        shop["limit_fen"] = 900
        return {"done": True}

    async def look(ask: Ask, answer: object) -> object:
        return dict(shop)

    verbs = reasoned(SqlJournal(office.db, SITE, office.office.clock), look, {"change_merchant": change})
    with pytest.raises(BridgeRefusal, match="reason"):
        await verbs["change_merchant"](ask_of("change_merchant", reason=""))
    await verbs["change_merchant"](ask_of("change_merchant", merchant="Shop", password="secret"))
    row = await office.db.read(lambda conn: conn.execute(select(journal)).one())
    assert (row.actor, row.what) == ("wang", "change merchant")
    changed = [{"place": "limit_fen", "before": 0, "after": 900}]
    assert row.body == {"reason": "as agreed", "merchant": "Shop", "changes": changed}

"""The money page in a real browser, before a plant that says what the test wants."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import open_page, sign_in
from tests.support.hmi import FakePlant, Json, control_room

AT = "2026-11-26T02:15:00.123456+00:00"
PASSAGE, STAY = "out1-20261126021459-7", "01KAZ0000000000000000000AB"
SHIFT: Json = {
    "id": "s", "operator": "wang", "opened_at": AT, "float_fen": 20_000, "closed_at": None, "expected_fen": None,
    "counted_fen": None, "handed_to": None, "taken_by": None, "note": "", "difference_fen": None, "stays": 1,
    "stays_fen": 1500, "arrears": 0, "arrears_fen": 0, "voids": 0, "voids_fen": 0,
}  # fmt: skip
RECEIPT: Json = {
    "receipt": "2026-000001", "year": 2026, "number": 1, "stay": STAY, "quote": "q", "lane": "out1",
    "passage": PASSAGE, "operator": "wang", "due_fen": 1500, "given_fen": 2000, "change_fen": 500, "paid_at": AT,
    "older": [], "voided_at": None,
}  # fmt: skip
STORY: Json = {
    "stay": {
        "id": STAY, "plate": "京A12345", "entered_at": AT, "exited_at": AT, "fee_fen": 1500, "paid_fen": 0,
        "arrears_fen": 1500, "waived_fen": 0,
    },
    "quotes": [{"made_at": AT, "total_fen": 1500, "due_fen": 1500, "lane": "out1", "lines": []}],
    "orders": [], "payments": [], "notices": [], "cash": [], "requests": [],
    "entries": [
        {"at": AT, "ref": f"ended:{STAY}", "account": "arrears", "amount_fen": 1500, "by": "lane"},
        {"at": AT, "ref": f"ended:{STAY}", "account": "revenue:parking", "amount_fen": -1500, "by": "lane"},
    ],
}  # fmt: skip
BALANCES = [
    {"account": "cash", "amount_fen": 21_500, "subjects": {"wang": 21_500}},
    {"account": "revenue:parking", "amount_fen": -21_500, "subjects": {}},
]


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": args["name"], "must_change": False},
        recent_stays=lambda _args: [],
        journal=lambda _args: [],
        till=lambda _args: {"shift": SHIFT, "expected_fen": 21_500, "receipts": [RECEIPT]},
        tills=lambda _args: [{**SHIFT, "closed_at": AT, "counted_fen": 21_400, "difference_fen": -100}],
        trial_balance=lambda _args: BALANCES,
        ledger_check=lambda _args: {"mistakes": ["entry paid:1 has 2 sides, which sum to 7 fen"]},
        stay_money=lambda _args: [STORY],
        cash_price=lambda _args: {"stay": STAY, "due_fen": 1500, "why": ""},
        take_cash=lambda _args: RECEIPT,
        void_cash=lambda _args: {**RECEIPT, "voided_at": AT},
        close_till=lambda _args: SHIFT,
        receipt=lambda _args: RECEIPT,
    )
    return plant


@pytest.fixture(params=["en-GB", "zh-CN"])
def page(
    request: pytest.FixtureRequest, chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> Iterator[Page]:
    with open_page(chromium, request.param) as page:
        sign_in(page, plant_and_url[1], "operator", "/money")
        yield page


def car_at_the_exit(plant: FakePlant) -> None:
    plant.tell(
        {
            "out1.passage": PASSAGE,
            "out1.stay": STAY,
            "out1.plate.text": "京A12345",
            "out1.lane.state": "awaiting_payment",
            "out1.quote.due_fen": 1500,
        }
    )


def asked(plant: FakePlant, verb: str) -> list[object]:
    return [one["args"] for one in plant.asked if one["verb"] == verb]


def test_cash_is_taken_for_the_car_at_the_boom_and_the_change_and_the_receipt_are_told(
    page: Page, plant: FakePlant
) -> None:
    button = page.locator("[data-cash=out1]")
    expect(button).to_be_disabled()
    expect(page.locator("[data-lane=out1] .why")).not_to_be_empty()
    car_at_the_exit(plant)
    expect(button).to_be_enabled()
    button.click()
    dialog = page.locator("dialog")
    expect(dialog.locator(".due")).to_have_text("¥15.00")
    expect(dialog.locator("[data-command=confirm]")).to_be_disabled()
    dialog.locator("[data-note='2000']").click()
    expect(dialog.locator(".change")).to_contain_text("¥5.00")
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_be_visible()
    expect(dialog.locator("a")).to_have_text("2026-000001")
    [told] = asked(plant, "take_cash")
    assert told == {"lane": "out1", "passage": PASSAGE, "stay": STAY, "due_fen": 1500, "given_fen": 2000}


def test_too_little_is_not_taken_and_a_car_that_has_gone_neither(page: Page, plant: FakePlant) -> None:
    car_at_the_exit(plant)
    page.locator("[data-cash=out1]").click()
    dialog = page.locator("dialog")
    expect(dialog.locator(".due")).to_have_text("¥15.00")
    dialog.locator("[name=given]").fill("14.99")
    expect(dialog.locator("[data-command=confirm]")).to_be_disabled()
    dialog.locator("[name=given]").fill("15")
    expect(dialog.locator("[data-command=confirm]")).to_be_enabled()
    plant.tell({"out1.passage": ""})
    expect(dialog.locator("[data-command=confirm]")).to_be_disabled()
    assert asked(plant, "take_cash") == []


def test_a_receipt_is_taken_back_with_a_second_person_and_a_till_is_handed_over(page: Page, plant: FakePlant) -> None:
    expect(page.locator("[data-figure=expected]")).to_have_text("¥215.00")
    page.locator("[data-void='2026-000001']").click()
    dialog = page.locator("dialog")
    dialog.locator("[name=why]").fill("wrong car")
    dialog.locator("[name=second_name]").fill("li")
    dialog.locator("[name=second_password]").fill("staple battery")
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_be_visible()
    dialog.locator("[data-command=close]").click()
    page.locator("[data-work=close]").click()
    dialog.locator("[name=counted_fen]").fill("214.50")
    dialog.locator("[value=SAFE]").check()
    dialog.locator("[name=second_name]").fill("li")
    dialog.locator("[name=second_password]").fill("staple battery")
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_be_visible()
    seconds = {"second_name": "li", "second_password": "staple battery"}
    assert asked(plant, "void_cash") == [{"receipt": "2026-000001", "why": "wrong car", **seconds}]
    assert asked(plant, "close_till") == [{"counted_fen": 21_450, "to": "SAFE", "note": "", **seconds}]


def test_the_books_are_shown_looked_through_and_a_stay_s_money_is_told(page: Page, plant: FakePlant) -> None:
    table = page.locator("[data-table=balances]")
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(table).to_contain_text("¥215.00")
    page.locator("[data-list=check]").click()
    expect(page.locator("[data-check=broken]")).to_contain_text("7 fen")
    page.locator("[data-list=tills]").click()
    expect(page.locator("[data-table=tills]")).to_contain_text("-¥1.00")
    page.locator("[name=stay]").fill("京A12345")
    page.locator("[name=purpose]").fill("he asks")
    page.locator("[data-command=search]").click()
    expect(page.locator(f"[data-stay='{STAY}']")).to_contain_text("京A12345")
    assert asked(plant, "stay_money") == [{"stay": "京A12345", "purpose": "he asks"}]
    page.locator("[data-arrears]").click()
    expect(page.locator("dialog .due")).to_have_text("¥15.00")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_answers_for_money_takes_and_closes_cases_and_gives_payments_back(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> None:
    case: Json = {
        "id": "c",
        "ref": "till:s",
        "what": "the till of wang is 1.00 yuan short",
        "opened_at": AT,
        "owner": None,
    }
    paid: Json = {"paid_at": AT, "out_trade_no": "D1", "amount_fen": 1500, "surplus": False, "source": "notice"}
    plant.verbs.update(
        cases=lambda _args: [case],
        take_case=lambda _args: case.update(owner="manager") or {"done": True},
        close_case=lambda _args: {"done": True},
        stay_money=lambda _args: [{**STORY, "payments": [paid]}],
        refund=lambda _args: {"number": "RD1B", "state": "WANTED"},
    )
    with open_page(chromium, "en-GB") as page:
        sign_in(page, plant_and_url[1], "manager", "/money")
        page.locator("[data-list=cases]").click()
        page.locator("[data-take='till:s']").click()
        page.locator("[name=outcome]").fill("the coin was found")
        page.locator("[data-close='till:s']").click()
        page.locator("[name=stay]").fill(STAY)
        page.locator("[data-command=search]").click()
        page.locator("[data-refund=D1]").click()
        dialog = page.locator("dialog")
        dialog.locator("[name=amount_fen]").fill("5")
        dialog.locator("[value=OVERCHARGED]").check()
        dialog.locator("[data-command=confirm]").click()
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
    assert asked(plant, "take_case") == [{"case": "till:s"}]
    assert asked(plant, "close_case") == [{"case": "till:s", "outcome": "the coin was found"}]
    assert asked(plant, "refund") == [{"order": "D1", "reason": "OVERCHARGED", "amount_fen": 500, "note": ""}]


def test_a_receipt_is_a_page_of_its_own_to_be_printed(page: Page) -> None:
    page.goto(page.url.replace("/money", "/money/receipts/2026-000001"))
    expect(page.locator("main")).to_contain_text("2026-000001")
    expect(page.locator("main")).to_contain_text("¥15.00")
    expect(page.locator("main")).to_contain_text("停车费现金收据")


@pytest.mark.parametrize(("role", "sees"), [("auditor", True), ("manager", True), ("technician", False)])
def test_each_role_sees_what_is_its_own(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant, role: str, sees: bool
) -> None:
    with open_page(chromium, "en-GB") as page:
        page.goto(plant_and_url[1])
        page.fill("[name=name]", role)
        page.fill("[name=password]", "correct horse")
        page.click("button.primary")
        expect(page.locator("nav")).to_be_visible()
        expect(page.locator("nav a[href='/money']")).to_have_count(1 if sees else 0)
        if sees:
            page.click("nav a[href='/money']")
            car_at_the_exit(plant)
            expect(page.locator("[data-lane=out1] .why")).to_have_text("Your role takes no cash")
            expect(page.locator("[data-work=safe]")).to_have_count(1 if role == "manager" else 0)
        else:
            answer = page.goto(f"{plant_and_url[1]}/money")
            assert answer is not None
            assert answer.status == 403

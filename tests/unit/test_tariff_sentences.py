"""A fee told to its driver in plain sentences."""

from dataclasses import replace
from datetime import timedelta

from billing.tariff import (
    Bill,
    Credits,
    GoesOn,
    Tariff,
    Vehicle,
    VehicleType,
    Voucher,
    VoucherKind,
    in_words,
    quote,
)
from scada.model.money import Fen
from tests.support.tariffs import SHANGHAI, example, local, simple_tariff

VOUCHERS = {
    "minutes_at": "VOUCHER_MINUTES_AT_START",
    "minutes_order": "VOUCHER_AFTER_FREE",
    "stackable": True,
    "ticket": [{"name": "cinema", "kind": "money", "value": 300, "limit": "TICKET_ONE_PER_STAY", "stackable": True}],
}


def bill(tariff: Tariff, entry: str, leave: str, vehicle: Vehicle = Vehicle(), **more: object) -> Bill:  # noqa: B008
    return Bill.of(quote(tariff, local(entry), local(leave), SHANGHAI, vehicle, **more))  # type: ignore[arg-type]


def test_what_was_charged_is_told_with_its_hours_units_and_price() -> None:
    asked = bill(example("beijing-road-class1"), "10:00", "11:20")
    assert in_words(asked, SHANGHAI) == (
        "03-03 10:00–11:00 日间：每 15 分钟 2.50 元 × 4，计 10.00 元",
        "03-03 11:00–11:15 日间：每 15 分钟 3.75 元 × 1，计 3.75 元",
        "停车费合计 13.75 元",
        "停到 03-03 11:29 为此价，之后 17.50 元",
    )
    assert in_words(asked, SHANGHAI, english=True) == (
        "03-03 10:00–11:00 day: 4 × 2.50 yuan for 15 min each, 10.00 yuan",
        "03-03 11:00–11:15 day: 1 × 3.75 yuan for 15 min each, 3.75 yuan",
        "parking fee 13.75 yuan",
        "it holds until 03-03 11:29, then 17.50 yuan",
    )


def test_credits_debts_and_the_time_to_leave_are_told() -> None:
    tariff = simple_tariff(voucher=VOUCHERS)
    shown = (Voucher(VoucherKind.MINUTES, 60), Voucher(VoucherKind.FULL, 0, "cinema"))
    credits = Credits(Fen(100), local("12:05"), shown)
    told = replace(bill(tariff, "10:00", "12:10", credits=credits), older=((local("2026-02-01 09:00"), Fen(500)),))
    assert in_words(told, SHANGHAI) == (
        "03-03 10:00–12:10 每 1 小时 5.00 元 × 3，计 15.00 元",
        "停车费合计 15.00 元",
        "已付：-1.00 元",
        "时长券：-5.00 元",
        "抵扣券“cinema”：-3.00 元",
        "2026-02-01 09:00 停车欠费：5.00 元",
        "应付 11.00 元",
        "停到 03-03 13:00 为此价，之后 20.00 元",
        "请在 12:20 前离场",
    )
    assert in_words(told, SHANGHAI, english=True)[1:] == (
        "parking fee 15.00 yuan",
        "paid before: -1.00 yuan",
        "voucher of minutes: -5.00 yuan",
        "voucher of money “cinema”: -3.00 yuan",
        "owed for the stay of 2026-02-01 09:00: 5.00 yuan",
        "to pay 11.00 yuan",
        "it holds until 03-03 13:00, then 20.00 yuan",
        "please leave before 12:20",
    )
    assert told.due_fen == 1100


def test_caps_factors_and_rounding_are_told_as_what_they_add_or_take() -> None:
    tariff = simple_tariff(
        vehicle_class=[{"vehicle_type": "VEHICLE_TYPE_LARGE", "factor": "3/2"}],
        factor_order="FACTOR_BEFORE_CAP",
        rounding_unit="YUAN",
        rounding_mode="ROUND_DOWN",
    )
    told = bill(tariff, "10:00", "15:00", Vehicle(VehicleType.LARGE))
    assert in_words(told, SHANGHAI)[1:3] == ("按系数 3/2 计费，+12.50 元", "金额取整，-0.50 元")
    capped = bill(tariff, "10:00", "22:00", Vehicle(VehicleType.LARGE))
    assert "24小时封顶 40.00 元，-50.00 元" in in_words(capped, SHANGHAI)
    assert "cap of 24 hours, 40.00 yuan: -50.00 yuan" in in_words(capped, SHANGHAI, english=True)


def test_free_time_free_vehicles_and_a_price_for_each_entry_are_told() -> None:
    assert in_words(bill(simple_tariff(), "10:00", "10:10"), SHANGHAI) == (
        "03-03 10:00–10:10 免费时长内，不收费",
        "停车费合计 0.00 元",
        "停到 03-03 10:15 为此价，之后 5.00 元",
    )
    police = simple_tariff(concession=[{"holder": "police", "is_free_parking": True}])
    told = bill(police, "10:00", "2026-03-04 11:00", Vehicle(holders=frozenset({"police"})))
    assert in_words(told, SHANGHAI)[0] == "03-03 10:00–03-04 11:00 警车，免费"
    assert in_words(told, SHANGHAI, english=True)[0] == "03-03 10:00–03-04 11:00 free: a police car"
    assert in_words(told, SHANGHAI)[-1] == "停车费不再增加"
    once = simple_tariff(
        rule_type="CHARGING_RULE_PER_ENTRY",
        fixed_interval_rule=None,
        pre_entry_rule=[{"amount": 1000}],
        restart=[],
        free_entry_duration=0,
    )
    assert in_words(bill(once, "10:00", "12:00"), SHANGHAI)[0].endswith("按次 10.00 元")
    assert in_words(bill(once, "10:00", "12:00"), SHANGHAI, english=True)[0].endswith("10.00 yuan once")


def test_a_unit_across_a_border_is_told_as_its_share() -> None:
    windows = [
        {"start_time": "08:00", "end_time": "20:00", "interval_duration": 60, "interval_amount": 600},
        {"start_time": "20:00", "end_time": "08:00", "interval_duration": 60, "interval_amount": 300},
    ]
    rows = [{**row, "interval_rounding": "INTERVAL_ROUND_UP"} for row in windows]
    split = simple_tariff(
        fixed_interval_rule=rows, straddle="STRADDLE_SPLIT", rounding_unit="FEN", rounding_mode="ROUND_UP"
    )
    told = in_words(bill(split, "19:30", "20:30"), SHANGHAI)
    assert told[:2] == ("03-03 19:30–20:00 按比例计 3.00 元", "03-03 20:00–20:30 按比例计 1.50 元")
    assert "by share 1.50 yuan" in in_words(bill(split, "19:30", "20:30"), SHANGHAI, english=True)[1]


def test_a_stay_that_went_on_tells_when_its_car_was_away_and_what_was_charged_before() -> None:
    tariff = simple_tariff(reentry_mode="REENTRY_GAP_FREE", reentry_duration=30)
    left, back = local("10:50"), local("11:00")
    goes_on = GoesOn(local("10:00"), ((left, back),), Fen(500))
    told = Bill.of(quote(tariff, back, back + timedelta(minutes=20), SHANGHAI, goes_on=goes_on))
    assert in_words(told, SHANGHAI) == (
        "03-03 10:00–11:20 每 1 小时 5.00 元 × 2，计 10.00 元",
        "03-03 10:50–11:00 短时离场，不计费",
        "此前停车已计费，-5.00 元",
        "停车费合计 5.00 元",
        "停到 03-03 12:10 为此价，之后 10.00 元",
    )
    assert in_words(told, SHANGHAI, english=True)[1:3] == (
        "03-03 10:50–11:00 away, no charge",
        "charged for the stay before: -5.00 yuan",
    )

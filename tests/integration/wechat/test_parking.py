"""Pay-score parking: a plate's service, its entry, the fee deducted at the exit, and what WeChat says of it later."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.pay.calls.parking import Leaving, ParkedCar
from billing.pay.gateway import Deduction, Entrance, Notice, PlateService, Refused, Unknown
from scada.model.money import Fen
from scada.model.plate import Plate, PlateColour
from tests.support.wechat import Bench, number

OPENID = "o-parked"


@pytest.fixture
def car(at: Bench, request: pytest.FixtureRequest) -> ParkedCar:
    """A car of its own for each test, that came in an hour ago and whose owner has the service."""
    plate = Plate(f"粤B{abs(hash(request.node.name)) % 100_000:05d}")
    at.switch("plates", plate=str(plate), service="NORMAL")
    entered_at = at.wechat.clock.now().replace(microsecond=0) - timedelta(hours=1)
    return ParkedCar(plate, PlateColour.GREEN, entered_at, "示范停车场")


def entered(at: Bench, car: ParkedCar, free_s: int = 0) -> Entrance:
    found = at.gateway.parking.enter(number("P"), car, free_s)
    assert isinstance(found, Entrance), found
    return found


def leaving(at: Bench, entrance: Entrance) -> Leaving:
    return Leaving(entrance.id, at.wechat.clock.now().replace(microsecond=0), 3600, "out1")


def told(at: Bench) -> Deduction | Entrance:
    notice = at.next_notice()
    assert isinstance(notice, Notice)
    assert isinstance(notice.about, Deduction | Entrance)
    return notice.about


def test_a_plates_service_is_found_by_its_chinese_name(at: Bench, car: ParkedCar) -> None:
    found = at.gateway.parking.find(car.plate, car.colour, OPENID)
    assert isinstance(found, PlateService)
    assert (found.state, found.opened_at is not None) == ("NORMAL", True)
    other = at.gateway.parking.find(Plate("京A00001"), car.colour, OPENID)
    assert other == PlateService("OUT_SERVICE")


def test_a_car_comes_in_once_and_free_minutes_may_be_none(at: Bench, car: ParkedCar) -> None:
    name = number("P")
    first = at.gateway.parking.enter(name, car, 0)
    assert isinstance(first, Entrance)
    assert (first.state, first.block_reason) == ("NORMAL", "")
    assert at.gateway.parking.enter(name, car, 0) == first


def test_a_fee_is_deducted_and_the_gate_may_open_on_accepted(at: Bench, car: ParkedCar) -> None:
    entrance, order = entered(at, car), number()
    out = leaving(at, entrance)
    taken = at.gateway.parking.deduct(order, "停车费", Fen(800), car, out)
    assert isinstance(taken, Deduction)
    assert (taken.state, taken.amount_fen) == ("ACCEPTED", 800)
    assert at.gateway.parking.deduct(order, "停车费", Fen(800), car, out) == taken
    again = at.gateway.parking.deduct(number(), "停车费", Fen(800), car, out)
    assert again == Refused("INVALID_REQUEST", "场景信息和停车入场id不匹配")
    at.switch("deductions", out_trade_no=order, outcome="paid")
    done = told(at)
    assert isinstance(done, Deduction)
    assert (done.state, done.amount_fen, done.advanced) == ("SUCCESS", 800, False)
    assert at.gateway.parking.query(order) == done


def test_a_fee_that_fails_after_it_was_accepted_is_ours_to_ask_for(at: Bench, car: ParkedCar) -> None:
    order = number()
    at.gateway.parking.deduct(order, "停车费", Fen(800), car, leaving(at, entered(at, car)))
    at.switch("deductions", out_trade_no=order, outcome="failed")
    failed = told(at)
    assert isinstance(failed, Deduction)
    assert (failed.state, failed.advanced) == ("PAY_FAIL", False)


def test_a_fee_that_wechat_advanced_is_paid_and_its_repayment_is_told(at: Bench, car: ParkedCar) -> None:
    order = number()
    at.gateway.parking.deduct(order, "停车费", Fen(800), car, leaving(at, entered(at, car)))
    at.switch("deductions", out_trade_no=order, outcome="advanced")
    advanced = told(at)
    assert isinstance(advanced, Deduction)
    assert (advanced.state, advanced.advanced, advanced.repaid) == ("SUCCESS", True, False)
    at.switch("deductions", out_trade_no=order, outcome="repaid")
    assert told(at) == replace(advanced, repaid=True)


@pytest.mark.parametrize("kind", ["transaction", "parking"])
def test_an_owner_who_pauses_the_service_blocks_the_entry_and_no_fee_is_taken(
    at: Bench, car: ParkedCar, kind: str
) -> None:
    at.switch("facts", parking_original_type=kind)
    entrance = entered(at, car)
    at.switch("plates", plate=str(car.plate), service="PAUSE")
    blocked = told(at)
    assert isinstance(blocked, Entrance)
    assert (blocked.id, blocked.state, blocked.block_reason) == (entrance.id, "BLOCKED", "PAUSE")
    assert abs(blocked.changed_ms - at.wechat.clock.now().timestamp() * 1000) < 5000
    answer = at.gateway.parking.deduct(number(), "停车费", Fen(800), car, leaving(at, entrance))
    assert answer == Refused("NO_AUTH", "当前商户无法扣款")
    at.switch("plates", plate=str(car.plate), block="")
    freed = told(at)
    assert isinstance(freed, Entrance)
    assert (freed.state, freed.changed_ms >= blocked.changed_ms) == ("NORMAL", True)


def test_an_entry_elsewhere_ends_this_one(at: Bench, car: ParkedCar) -> None:
    entrance = entered(at, car)
    entered(at, car)
    answer = at.gateway.parking.deduct(number(), "停车费", Fen(800), car, leaving(at, entrance))
    assert answer == Refused("INVALID_REQUEST", "停车入场id不存在")


def test_a_stay_without_length_or_into_the_future_is_refused(at: Bench, car: ParkedCar) -> None:
    out = leaving(at, entered(at, car))
    for left_at in (car.entered_at, datetime.now(UTC) + timedelta(days=900)):
        answer = at.gateway.parking.deduct(number(), "停车费", Fen(8), car, replace(out, left_at=left_at))
        assert isinstance(answer, Refused)
        assert answer.code == "PARAM_ERROR"


def test_a_deduction_whose_answer_was_lost_is_asked_for(at: Bench, car: ParkedCar) -> None:
    order = number()
    at.phone.plan_answers("drop_after", "/v3/vehicle/transactions")
    lost = at.gateway.parking.deduct(order, "停车费", Fen(800), car, leaving(at, entered(at, car)))
    assert isinstance(lost, Unknown)
    found = at.gateway.parking.query(order)
    assert isinstance(found, Deduction)
    assert found.state == "ACCEPTED"

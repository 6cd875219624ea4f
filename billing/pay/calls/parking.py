"""Pay-score parking (微信支付分停车): a plate's service, its entry, the deduction at the exit and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from billing.pay.calls.account import Account
from billing.pay.calls.channel import Channel, read
from billing.pay.calls.fields import Fields, fen, milliseconds, moment, part, text, text_or_none
from billing.pay.gateway import Deduction, Entrance, PlateService, Refused, Unknown
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.model.plate import Plate, PlateColour

FIND: Final = "/v3/vehicle/parking/services/find"
ENTER: Final = "/v3/vehicle/parking/parkings"
DEDUCT: Final = "/v3/vehicle/transactions/parking"
DEDUCTED: Final = "/v3/vehicle/transactions/out-trade-no"
ADVANCED: Final = "BPA"
"""The bank type of a fee that WeChat advanced: the merchant has its money, whatever the driver owes WeChat."""
_ONE_SPELLING: Final = {"ACCEPT": "ACCEPTED"}


@dataclass(frozen=True, slots=True)
class ParkedCar:
    """A car that has come in: what its entry and its deduction must both say."""

    plate: Plate
    colour: PlateColour
    entered_at: datetime
    parking_name: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """A parked car's way out: its entry at WeChat, when it leaves, and for how long it is charged."""

    entrance_id: str
    left_at: datetime
    charged_s: int
    device: str


@dataclass(frozen=True, slots=True)
class ParkingCalls:
    """All about pay-score parking. `notify_url` is where changes of an entry and the word of a deduction go."""

    channel: Channel
    account: Account
    notify_url: str
    zone: ZoneInfo

    def find(self, plate: Plate, colour: PlateColour, openid: str) -> PlateService | Refused | Unknown:
        """Ask whether a plate's owner lets WeChat deduct parking fees."""
        private = {"plate_number": str(plate), "openid": openid}
        given = {"appid": self.account.appid, **private, "plate_color": colour.value, **self.account.sub()}
        parameters = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in given.items())
        answer = self.channel.get("find a plate's service", f"{FIND}?{parameters}", private)
        return read("find a plate's service", answer, _service)

    def enter(self, out_parking_no: str, car: ParkedCar, free_s: int) -> Entrance | Refused | Unknown:
        """Tell of a car that has come in, once; only an entry that is NORMAL can be deducted from."""
        body = self.account.sub() | {
            "out_parking_no": out_parking_no,
            "plate_number": str(car.plate),
            "plate_color": car.colour.value,
            "notify_url": self.notify_url,
            "start_time": self._time(car.entered_at),
            "parking_name": car.parking_name,
            "free_duration": free_s,
        }
        what = f"enter {out_parking_no}"
        return read(what, self.channel.post(what, ENTER, body), lambda fields: _entrance(out_parking_no, fields))

    def deduct(
        self, order: OrderId, description: str, amount: Fen, car: ParkedCar, leaving: Leaving
    ) -> Deduction | Refused | Unknown:
        """Have a fee deducted. The gate may open on ACCEPTED, and on nothing else."""
        body = {
            "appid": self.account.appid,
            "description": description,
            "out_trade_no": order,
            "trade_scene": "PARKING",
            "notify_url": self.notify_url,
            "amount": {"total": int(amount), "currency": "CNY"},
            "profit_sharing": "N",
            "parking_info": {
                "parking_id": leaving.entrance_id,
                "plate_number": str(car.plate),
                "plate_color": car.colour.value,
                "start_time": self._time(car.entered_at),
                "end_time": self._time(leaving.left_at),
                "parking_name": car.parking_name,
                "charging_duration": leaving.charged_s,
                "device_id": leaving.device,
            },
        } | self.account.sub()
        what = f"deduct {order}"
        return read(what, self.channel.post(what, DEDUCT, body), lambda fields: _about(order, fields))

    def query(self, order: OrderId) -> Deduction | Refused | Unknown:
        """Ask what became of a deduction: SUCCESS, ACCEPTED, PAY_FAIL or REFUND."""
        sub = f"?sub_mchid={self.account.sub_mchid}" if self.account.sub_mchid else ""
        answer = self.channel.get(f"query deduction {order}", f"{DEDUCTED}/{order}{sub}")
        return read(f"query deduction {order}", answer, lambda fields: _about(order, fields))

    def _time(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat(timespec="seconds")


def _service(fields: Fields) -> PlateService:
    return PlateService(text(fields, "service_state", most=32), moment(fields, "service_open_time"))


def _entrance(out_parking_no: str, fields: Fields) -> Entrance:
    if fields.get("out_parking_no") != out_parking_no:
        raise ValueError("an answer about another entry")
    state = text(fields, "state", most=32)
    return Entrance(text(fields, "id", most=64), out_parking_no, state, text_or_none(fields, "block_reason", most=64))


def read_entrance(fields: Fields) -> Entrance:
    """Read a notice that an entry has changed, whose words differ from the answer's."""
    return Entrance(
        id=text(fields, "parking_id", most=64),
        out_parking_no=text(fields, "out_parking_no", most=64),
        state=text(fields, "parking_state", most=32),
        block_reason=text_or_none(fields, "blocked_state_description"),
        changed_ms=milliseconds(fields, "state_update_time"),
    )


def _about(order: OrderId, fields: Fields) -> Deduction:
    deduction = read_deduction(fields)
    if deduction.out_trade_no != order:
        raise ValueError(f"an answer about {deduction.out_trade_no}")
    return deduction


def read_deduction(fields: Fields) -> Deduction:
    """Read a deduction from an answer or a notice, which spell its state differently."""
    state = text(fields, "trade_state", most=32)
    return Deduction(
        out_trade_no=OrderId(text(fields, "out_trade_no", most=64)),
        state=_ONE_SPELLING.get(state, state),
        transaction_id=text_or_none(fields, "transaction_id", most=64),
        amount_fen=fen(part(fields, "amount"), "total"),
        advanced=fields.get("bank_type") == ADVANCED,
        repaid=fields.get("user_repaid") == "Y",
        paid_at=moment(fields, "success_time"),
    )

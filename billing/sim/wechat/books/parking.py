"""Pay-score parking at the platform: plates' services, entries, deductions and repayments (§8)."""

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing.sim.wechat.books.orders import Order
from billing.sim.wechat.books.safe import Safe
from billing.sim.wechat.books.shape import PARKING_NUMBER, first_wrong, is_text, is_url, is_whole, whole, within
from billing.sim.wechat.clock import PlatformClock, moment, written
from billing.sim.wechat.crypto import Caller, Fault

COLOURS: Final = ("BLUE", "GREEN", "YELLOW", "BLACK", "WHITE", "LIMEGREEN")
SERVICES: Final = ("NORMAL", "PAUSE", "OUT_SERVICE")
BLOCKS: Final = ("PAUSE", "OVERDUE", "OUT_SERVICE", "EVALUATION_FAILED")
ADVANCED: Final = "BPA"
Fields = Mapping[str, object]


@dataclass(slots=True)
class Entry:
    """One car's entry; `block` says why it cannot be deducted from."""

    id: str
    number: str
    fields: Fields
    caller: Caller
    fingerprint: str
    changed_at: datetime
    block: str = ""
    used: bool = False

    @property
    def plate(self) -> str:
        """The car's plate."""
        return str(self.fields["plate_number"])


@dataclass(slots=True)
class Deduction:
    """One parking fee; `state` is WeChat's trade_state."""

    number: str
    fields: Fields
    caller: Caller
    total: int
    fingerprint: str
    transaction_id: str
    state: str = "ACCEPTED"
    bank_type: str = ""
    repaid: bool = False
    paid_at: datetime | None = None


class ParkingBook:
    """All plates, entries and deductions. For use from many threads."""

    def __init__(self, caller: Caller, appid: str, clock: PlatformClock, safe: Safe) -> None:
        self.caller = caller
        self._appid = appid
        self._clock = clock
        self._lock = threading.RLock()
        self._safe = safe
        self._services = safe.all("service", str)
        self._entries = safe.all("entry", Entry)
        self._latest = {entry.plate: entry for entry in self._entries.values()}
        self._deductions = safe.all("deduction", Deduction)
        self._planned: dict[str, tuple[str, float]] = {}
        self._begun: set[str] = set()

    def set_service(self, plate: str, state: str) -> Entry | None:
        """Let a plate's owner sign, pause or end the service; gives the live entry that this changes."""
        with self._lock:
            if state not in SERVICES:
                raise ValueError(f"service {state!r}: may be {SERVICES}")
            self._services[plate] = state
            self._safe.keep("service", plate, state)
            return self.block(plate, "" if state == "NORMAL" else state)

    def block(self, plate: str, reason: str) -> Entry | None:
        """Block a plate's live entry, or free it; gives it if it has changed."""
        with self._lock:
            if reason and reason not in BLOCKS:
                raise ValueError(f"block {reason!r}: may be {BLOCKS}")
            entry = self._latest.get(plate)
            if entry is None or entry.used or entry.block == reason:
                return None
            entry.block, entry.changed_at = reason, self._clock.now()
            self._safe.keep("entry", entry.number, entry)
            return entry

    def plan(self, plate: str, outcome: str, after_s: float) -> None:
        """Say what becomes of a plate's deductions by themselves, and how long after they were accepted."""
        with self._lock:
            self._planned[plate] = (outcome, after_s)

    def deductions(self) -> list[Deduction]:
        """Give all deductions."""
        with self._lock:
            return list(self._deductions.values())

    def planned(self, one: Deduction) -> tuple[str, float] | None:
        """Give what becomes of a deduction by itself, once."""
        with self._lock:
            plan = self._planned.get(str(within(one.fields, "parking_info").get("plate_number")))
            if plan is None or one.number in self._begun:
                return None
            self._begun.add(one.number)
            return plan

    def find(self, fields: Mapping[str, str]) -> dict[str, object] | Fault:
        """Say whether a plate's owner has the service."""
        if str(fields.get("sub_mchid") or "") != self.caller.sub_mchid or fields.get("appid") != self._appid:
            return Fault(400, "PARAM_ERROR", "参数错误: appid")
        checks = {
            "plate_number": is_text(fields.get("plate_number"), 16),
            "plate_color": fields.get("plate_color") in COLOURS,
            "openid": is_text(fields.get("openid"), 128),
        }
        with self._lock:
            state = self._services.get(fields.get("plate_number", ""), "OUT_SERVICE")
        opened: dict[str, object] = {} if state == "OUT_SERVICE" else {"service_open_time": written(self._clock.now())}
        return first_wrong(checks) or {**fields, "service_state": state, **opened}

    def enter(self, fields: Fields) -> Entry | Fault:
        """Take an entry, under the same number once; the plate's earlier one is over."""
        fault = self._entry_fault(fields)
        if fault is not None:
            return fault
        number, fingerprint = str(fields["out_parking_no"]), json.dumps(fields, sort_keys=True)
        with self._lock:
            old = self._entries.get(number)
            if old is not None:
                wrong = Fault(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
                return old if old.fingerprint == fingerprint else wrong
            name, now = f"5K{secrets.token_hex(12).upper()}", self._clock.now()
            service = self._services.get(str(fields["plate_number"]), "OUT_SERVICE")
            block = "" if service == "NORMAL" else service
            made = Entry(name, number, dict(fields), self.caller, fingerprint, now, block)
            self._entries[number] = self._latest[made.plate] = made
            self._safe.keep("entry", number, made)
            return made

    def deduct(self, fields: Fields) -> Deduction | Fault:
        """Take a fee from a live entry, once."""
        fault = self._deduction_fault(fields)
        if fault is not None:
            return fault
        number, fingerprint = str(fields["out_trade_no"]), json.dumps(fields, sort_keys=True)
        with self._lock:
            old = self._deductions.get(number)
            if old is not None:
                wrong = Fault(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
                return old if old.fingerprint == fingerprint else wrong
            entry = self._latest.get(str(within(fields, "parking_info")["plate_number"]))
            refused = self._refused(entry, within(fields, "parking_info"))
            if refused is not None or entry is None:
                return refused or Fault(400, "INVALID_REQUEST", "停车入场id不存在")
            entry.used = True
            total = whole(within(fields, "amount"), "total")
            transaction_id = f"43{secrets.randbelow(10**26):026d}"
            made = Deduction(number, dict(fields), self.caller, total, fingerprint, transaction_id)
            self._deductions[number] = made
            self._safe.keep("entry", entry.number, entry)
            self._safe.keep("deduction", number, made)
            return made

    def found(self, number: str) -> Deduction | None:
        """Give a deduction by its number."""
        with self._lock:
            return self._deductions.get(number)

    def all(self) -> list[Deduction]:
        """Give all deductions."""
        with self._lock:
            return list(self._deductions.values())

    def end(self, number: str, outcome: str) -> Deduction:
        """Let a deduction end: `paid`, `failed`, `advanced` (WeChat pays, the driver owes) or `repaid`."""
        with self._lock:
            one = self._deductions[number]
            if outcome == "repaid":
                if one.bank_type != ADVANCED:
                    raise ValueError("only what was advanced can be repaid")
                one.repaid = True
            elif one.state != "ACCEPTED":
                raise ValueError(f"the deduction is {one.state} already")
            elif outcome == "failed":
                one.state = "PAY_FAIL"
            elif outcome in ("paid", "advanced"):
                one.state, one.paid_at = "SUCCESS", self._clock.now()
                one.bank_type = ADVANCED if outcome == "advanced" else "CMC"
            else:
                raise ValueError(f"outcome {outcome!r}")
            self._safe.keep("deduction", number, one)
            return one

    def _refused(self, entry: Entry | None, parking: Fields) -> Fault | None:
        if entry is None or parking.get("parking_id") not in {one.id for one in self._entries.values()}:
            return Fault(400, "INVALID_REQUEST", "停车入场id不存在")
        if parking["parking_id"] != entry.id:
            return Fault(400, "INVALID_REQUEST", "停车入场id不存在")
        same = ("plate_number", "plate_color", "start_time", "parking_name")
        if entry.used or any(parking.get(name) != entry.fields[name] for name in same):
            return Fault(400, "INVALID_REQUEST", "场景信息和停车入场id不匹配")
        return Fault(403, "NO_AUTH", "当前商户无法扣款") if entry.block else None

    def _entry_fault(self, fields: Fields) -> Fault | None:
        checks = {
            "sub_mchid": str(fields.get("sub_mchid") or "") == self.caller.sub_mchid,
            "out_parking_no": PARKING_NUMBER.fullmatch(str(fields.get("out_parking_no", ""))) is not None,
            "plate_number": is_text(fields.get("plate_number"), 16),
            "plate_color": fields.get("plate_color") in COLOURS,
            "notify_url": is_url(fields.get("notify_url")),
            "start_time": moment(fields.get("start_time")) is not None,
            "parking_name": is_text(fields.get("parking_name"), 64),
            "free_duration": is_whole(fields.get("free_duration"), 0),
        }
        return first_wrong(checks)

    def _deduction_fault(self, fields: Fields) -> Fault | None:
        parking = within(fields, "parking_info")
        start, end = moment(parking.get("start_time")), moment(parking.get("end_time"))
        checks = {
            "sub_mchid": str(fields.get("sub_mchid") or "") == self.caller.sub_mchid,
            "appid": fields.get("appid") == self._appid,
            "description": is_text(fields.get("description"), 128),
            "out_trade_no": PARKING_NUMBER.fullmatch(str(fields.get("out_trade_no", ""))) is not None,
            "trade_scene": fields.get("trade_scene") == "PARKING",
            "notify_url": is_url(fields.get("notify_url")),
            "amount": is_whole(within(fields, "amount").get("total"), 0),
            "profit_sharing": fields.get("profit_sharing", "N") in ("Y", "N"),
            "end_time": start is not None and end is not None and start < end <= self._clock.now(),
            "charging_duration": is_whole(parking.get("charging_duration"), 0),
            "device_id": is_text(parking.get("device_id"), 32),
        }
        return first_wrong(checks)


def as_order(one: Deduction, paid_at: datetime) -> Order:
    """Give a paid deduction as an order of the merchant: it stands in the bills and can be refunded."""
    return Order(
        number=one.number,
        caller=one.caller,
        appid=str(one.fields["appid"]),
        description=str(one.fields["description"]),
        attach=str(one.fields.get("attach", "")),
        total=one.total,
        trade_type="PARKING",
        notify_url=str(one.fields["notify_url"]),
        made_at=paid_at,
        expires_at=paid_at,
        fingerprint="",
        state="SUCCESS",
        transaction_id=one.transaction_id,
        openid="parked",
        paid_at=paid_at,
    )


def entry_answer(entry: Entry) -> dict[str, object]:
    """Write an entry as an answer does."""
    blocked = {"block_reason": entry.block} if entry.block else {}
    kept = {name: value for name, value in entry.fields.items() if name != "notify_url"}
    return {"id": entry.id, **kept, "state": "BLOCKED" if entry.block else "NORMAL", **blocked}


def entry_notice(entry: Entry) -> dict[str, object]:
    """Write an entry as a notice does: other names."""
    kept = {name: value for name, value in entry.fields.items() if name not in ("notify_url", "sub_mchid")}
    sub = {"sub_mchid": entry.caller.sub_mchid} if entry.caller.sub_mchid else {}
    return {
        "sp_mchid": entry.caller.mchid,
        **sub,
        "parking_id": entry.id,
        **kept,
        "parking_state": "BLOCKED" if entry.block else "NORMAL",
        "blocked_state_description": entry.block,
        "state_update_time": int(entry.changed_at.timestamp() * 1000),
    }


def deduction_answer(one: Deduction, *, notice: bool = False, refunded: bool = False) -> dict[str, object]:
    """Write a deduction; a notice spells ACCEPTED differently."""
    state = "REFUND" if refunded else one.state
    sub = {"sub_mchid": one.caller.sub_mchid} if one.caller.sub_mchid else {}
    paid: dict[str, object] = {}
    if one.paid_at is not None:
        paid = {"success_time": written(one.paid_at), "bank_type": one.bank_type, "payer": {"openid": "parked"}}
    return {
        "sp_mchid": one.caller.mchid,
        **sub,
        "appid": one.fields["appid"],
        "out_trade_no": one.number,
        "transaction_id": one.transaction_id,
        "description": one.fields["description"],
        "trade_state": "ACCEPT" if notice and state == "ACCEPTED" else state,
        "trade_scene": "PARKING",
        "user_repaid": "Y" if one.repaid else "N",
        "parking_info": one.fields["parking_info"],
        "amount": {"total": one.total, "payer_total": one.total, "discount_total": 0, "currency": "CNY"},
        **paid,
    }

"""The lines of a price in words, for drivers and accountants: Chinese and English."""

from collections.abc import Mapping
from typing import Final

from scada.model.money import Fen, yuan_text

CAPS: Final[Mapping[str, tuple[str, str]]] = {
    "window": ("时段封顶", "cap of the window"),
    "24h": ("24小时封顶", "cap of 24 hours"),
    "day": ("自然日封顶", "cap of the calendar day"),
    "stay": ("单次停车封顶", "cap of the stay"),
}
WHO: Final[Mapping[str, tuple[str, str]]] = {
    "": ("免费时长", "free time"),
    "PLATE_TYPE_FREE": ("免费车辆", "a plate that parks for nothing"),
    "PLATE_TYPE_MONTHLY": ("月卡车辆", "a month card"),
    "new_energy": ("新能源车", "a new-energy vehicle"),
    "police": ("警车", "a police car"),
    "armed_police": ("武警车辆", "a car of the armed police"),
    "military": ("军车", "a car of the army"),
    "emergency": ("应急车辆", "an emergency vehicle"),
    "disabled": ("残疾人车辆", "a disabled driver"),
}


def in_chinese(kind: str, name: str, units: int, unit: Fen) -> str:
    """Say in Chinese what a line is."""
    match kind:
        case "free":
            return WHO.get(name, (name, name))[0] + "免费" if name else "免费时长内"
        case "charge":
            return f"{name + '：' if name else ''}{units} × {yuan_text(unit)} 元"
        case "factor":
            return f"系数 {name}"
        case "cap":
            return f"{CAPS.get(name, (name, name))[0]} {yuan_text(unit)} 元"
        case "rounding":
            return "金额取整"
        case "away":
            return "短时离场，期间不计费"
        case "before":
            return "此前停车已计费"
        case _:
            return f"{CREDITS.get(kind, (kind, kind))[0]}{' ' + name if name else ''}"


def in_english(kind: str, name: str, units: int, unit: Fen) -> str:
    """Say in English what a line is."""
    match kind:
        case "free":
            return f"free: {WHO.get(name, (name, name))[1]}"
        case "charge":
            return f"{name + ': ' if name else ''}{units} × {yuan_text(unit)} yuan"
        case "factor":
            return f"factor {name}"
        case "cap":
            return f"{CAPS.get(name, (name, name))[1]}: {yuan_text(unit)} yuan"
        case "rounding":
            return "rounding"
        case "away":
            return "away, not charged"
        case "before":
            return "charged for the stay before"
        case _:
            return f"{CREDITS.get(kind, (kind, kind))[1]}{' ' + name if name else ''}"


CREDITS: Final[Mapping[str, tuple[str, str]]] = {
    "paid": ("已付", "paid before"),
    "minutes": ("时长券", "voucher of minutes"),
    "money": ("抵扣券", "voucher of money"),
    "percent": ("折扣券", "voucher of per cent"),
    "full": ("全免券", "voucher for all of it"),
    "host": ("被访单位代付", "paid by the host"),
    "credit": ("已用优惠", "vouchers used before"),
    "grace": ("缴费后免费离场时间内", "within the time to leave after paying"),
    "right": ("权益减免", "let off by a right of this plate"),
}

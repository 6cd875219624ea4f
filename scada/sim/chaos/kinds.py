"""Every fault that a drill can make, as data: its words, where it happens, how long, and when it must be over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Proof(Enum):
    """What shows that the site has recovered, beside every lane at work and every process up."""

    SITE = "site"
    PAYMENT = "payment"
    """A payment has come about since."""
    QUEUE = "queue"
    """No more than a few cars stand before the booms."""


class Need(Enum):
    """What a fault needs of the machine beside the product itself."""

    DISK = "disk"
    SHIM = "shim"
    """What stands between the site's processes and the C library."""
    POSTGRES = "postgres"
    INFLUX = "influx"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault. `where`: what it happens to, one of them each time; `limit_s`: from its end to recovery.

    `blinds`: the server cannot see its lanes meanwhile. `needs`: without it, it cannot be made here.
    """

    name: str
    text: str
    text_zh: str
    where: tuple[str, ...]
    lasts_s: tuple[float, float]
    limit_s: float
    proof: Proof = Proof.SITE
    blinds: bool = False
    needs: Need | None = None

    @property
    def is_of_servers(self) -> bool:
        """Say whether it takes a site whose tables and history are on servers."""
        return self.needs in (Need.POSTGRES, Need.INFLUX)


PLCS: Final = ("plc:0", "plc:1")
"""The first and the second device of the table: as shipped Modbus TCP and OPC UA."""
CAMERAS: Final = ("camera:0", "camera:1")
_WEB: Final = ("control", "public", "devices")
_SHORT: Final = (4.0, 9.0)
_PLAIN: Final = (6.0, 14.0)
_START_S: Final = 60.0
_PLC_S: Final = 30.0
_PAY_S: Final = 90.0
_HELD_S: Final = 150.0
"""A transaction whose server is silent is cut off after 60 s."""

TWO: Final = Kind("two-at-once", "two faults at once", "两个故障同时", (), (0, 0), 0.0)
"""Two others that touch different things; everything else about it is theirs."""
_TOUCHED: Final[Mapping[str, tuple[str, ...]]] = {
    "site": ("plant", "control", "public", "devices"),
    "notices": ("notices", "wechat"),
}


def touched(where: str) -> frozenset[str]:
    """Say what a fault at such a place takes hold of, so that another one cannot do so at the same time."""
    return frozenset(_TOUCHED.get(where, (where,)))


def _tables(name: str, text: str, text_zh: str) -> Kind:
    where = ("postgres",)
    return Kind(name, text, text_zh, where, _PLAIN, _HELD_S, Proof.PAYMENT, blinds=True, needs=Need.POSTGRES)


def _history(name: str, text: str, text_zh: str) -> Kind:
    return Kind(name, text, text_zh, ("influx",), _PLAIN, _START_S, needs=Need.INFLUX)


ALL: Final[Sequence[Kind]] = (
    Kind("kill-plant", "plant killed", "主控进程被杀", ("plant",), (0, 0), _START_S, blinds=True),
    Kind("kill-web", "web process killed", "网页进程被杀", _WEB, (0, 0), _START_S),
    Kind("freeze-plant", "plant stands still", "主控进程停顿", ("plant",), _SHORT, _START_S, blinds=True),
    Kind("freeze-web", "web process stands still", "网页进程停顿", _WEB, _SHORT, _START_S),
    Kind("hang-plant", "plant hangs for good", "主控进程挂死", ("plant",), (0, 0), 120.0, blinds=True),
    Kind(
        "power-cut",
        "power cut of the server: all processes at once, tail of the tables' log torn",
        "服务器断电：进程全灭、文件残缺",
        ("site",),
        (1, 4),
        90.0,
        blinds=True,
    ),
    Kind("clock-ahead", "clock steps ahead", "时钟前跳", ("clock",), _PLAIN, _PAY_S, Proof.PAYMENT, needs=Need.SHIM),
    Kind("clock-back", "clock steps back", "时钟回拨", ("clock",), _PLAIN, _PAY_S, Proof.PAYMENT, needs=Need.SHIM),
    Kind(
        "disk-full",
        "disk full",
        "磁盘写满",
        ("disk",),
        (9.0, 18.0),
        _PAY_S,
        Proof.PAYMENT,
        blinds=True,
        needs=Need.DISK,
    ),
    Kind("disk-slow", "disk slow", "磁盘缓慢", ("disk",), _PLAIN, _PAY_S, Proof.PAYMENT, needs=Need.SHIM),
    Kind("plc-away", "PLC away", "PLC 断开", PLCS, _PLAIN, _PLC_S, blinds=True),
    Kind("plc-half-open", "PLC's link half-open", "PLC 半开连接", PLCS, _PLAIN, _PLC_S, blinds=True),
    Kind("plc-late", "PLC answers late", "PLC 应答迟", PLCS, _PLAIN, _PLC_S, blinds=True),
    Kind("plc-slow", "PLC's line slow", "PLC 线路慢", PLCS, _PLAIN, _PLC_S, blinds=True),
    Kind("plc-loses", "PLC's line loses bytes", "PLC 线路丢字节", PLCS, _PLAIN, _PLC_S, blinds=True),
    Kind("plc-doubles", "PLC's line doubles bytes", "PLC 线路重复字节", PLCS, _PLAIN, _PLC_S, blinds=True),
    Kind("plc-cuts", "PLC's connections cut", "PLC 连接被切断", PLCS, _PLAIN, _PLC_S, blinds=True),
    Kind("plc-restart", "PLC restarts", "PLC 重启", PLCS, (0, 0), 90.0, blinds=True),
    Kind("loop-lies", "approach loop feels nothing", "来车线圈失灵", ("entry", "exit"), _PLAIN, _START_S),
    Kind("camera-away", "camera away", "摄像机断开", CAMERAS, _PLAIN, _START_S),
    Kind("camera-half-open", "camera's picture stands still", "摄像机画面停住", CAMERAS, _PLAIN, _START_S),
    Kind("camera-slow", "camera's line slow", "摄像机线路慢", CAMERAS, _PLAIN, _START_S),
    Kind("camera-loses", "camera's line loses bytes", "摄像机丢字节", CAMERAS, _PLAIN, _START_S),
    Kind("camera-alters", "camera's pictures damaged", "摄像机画面损坏", CAMERAS, _PLAIN, _START_S),
    Kind("camera-fog", "cameras see fog, rain and night", "摄像机遇雾雨夜", ("cameras",), _PLAIN, _START_S),
    Kind("cameras-off", "all cameras without power", "摄像机全部断电", ("feed",), _PLAIN, _START_S),
    Kind("wechat-away", "WeChat not reached", "微信不可达", ("wechat",), _PLAIN, _PAY_S, Proof.PAYMENT),
    Kind("wechat-half-open", "WeChat's link half-open", "微信半开连接", ("wechat",), _PLAIN, _PAY_S, Proof.PAYMENT),
    Kind("wechat-late", "WeChat answers late", "微信应答迟", ("wechat",), _PLAIN, _PAY_S, Proof.PAYMENT),
    Kind("wechat-loses", "WeChat's line loses bytes", "微信线路丢字节", ("wechat",), _PLAIN, _PAY_S, Proof.PAYMENT),
    Kind(
        "wechat-doubles", "WeChat's line doubles bytes", "微信线路重复字节", ("wechat",), _PLAIN, _PAY_S, Proof.PAYMENT
    ),
    Kind("wechat-lies", "WeChat's answers wrong", "微信应答有假", ("wechat",), _PLAIN, _PAY_S, Proof.PAYMENT),
    Kind("wechat-down", "WeChat killed", "微信服务中断", ("wechat",), _SHORT, _PAY_S, Proof.PAYMENT),
    Kind(
        "notices-away", "WeChat's notices do not arrive", "微信通知收不到", ("notices",), _PLAIN, _PAY_S, Proof.PAYMENT
    ),
    Kind("notices-forged", "notices forged", "伪造支付通知", ("notices",), _PLAIN, _PAY_S, Proof.PAYMENT),
    Kind(
        "notices-doubled",
        "notices twice, late and out of order",
        "支付通知重复、迟到、乱序",
        ("notices",),
        _PLAIN,
        _PAY_S,
        Proof.PAYMENT,
    ),
    Kind("rush-pages", "ten times as many page visitors", "网页访客十倍", ("web",), _PLAIN, _PAY_S, Proof.PAYMENT),
    Kind("rush-cars", "ten times as many cars", "车流十倍", ("entry",), (12.0, 16.0), 240.0, Proof.QUEUE),
    _tables("postgres-away", "PostgreSQL away", "PostgreSQL 断开"),
    _tables("postgres-half-open", "PostgreSQL's link half-open", "PostgreSQL 半开连接"),
    _tables("postgres-late", "PostgreSQL answers late", "PostgreSQL 应答迟"),
    _tables("postgres-cuts", "PostgreSQL's connections cut", "PostgreSQL 连接被切断"),
    _tables("postgres-down", "PostgreSQL killed", "PostgreSQL 被杀"),
    _history("influx-away", "InfluxDB away", "InfluxDB 断开"),
    _history("influx-half-open", "InfluxDB's link half-open", "InfluxDB 半开连接"),
    _history("influx-down", "InfluxDB killed", "InfluxDB 被杀"),
    TWO,
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in ALL}

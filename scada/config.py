"""`config.toml` as frozen models. Reading it never touches the network; `scada.check` explains mistakes."""

import os
import re
import tomllib
from datetime import time
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator, model_validator

from scada.model.lane.length import Geometry
from scada.model.lane.tide import Tide
from scada.model.lane.timing import Policy, Timing
from scada.model.lane.words import Direction
from scada.model.money import Fen
from scada.model.names import LaneName, SiteId, ZoneName
from scada.model.zones import Zone, Zones
from scada.settings.base import Name
from scada.settings.base import Section as _Section
from scada.settings.displays import Board, Display, DisplayTexts
from scada.settings.phones import Phones

Port = Annotated[int, Field(ge=1, le=65535)]
ServeSecurity = Literal["Aes256Sha256RsaPss", "Aes128Sha256RsaOaep", "Basic256Sha256", "None"]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


_SCANNER_LINE = re.compile(r"tcp://[^/\s:?@]+:\d{1,5}|serial:/dev/[\w./-]+(\?baud=(9600|19200|38400|57600|115200))?")
WHOLE_SITE = Zone(ZoneName("site"))
"""The one zone of a site that names none."""


class Site(_Section):
    """The car park itself. `data` is the folder for everything the server writes."""

    id: Name
    name: str
    name_en: str
    zone: str = "Asia/Shanghai"
    virtual: bool = False
    data: str | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is not a time zone; write one like Asia/Shanghai")
        ZoneInfo(zone)  # read while files may be read: later the loop runs
        return zone

    @property
    def zone_info(self) -> ZoneInfo:
        """The site's zone, for pages and reports."""
        return ZoneInfo(self.zone)


class WebApp(_Section):
    """One web process: where it listens and which Host headers it answers to."""

    host: str = "127.0.0.1"
    port: Port
    host_names: Annotated[tuple[str, ...], Field(strict=False)] = ("127.0.0.1", "localhost")


class PublicApp(WebApp):
    """The drivers' web process; `url` is what the lanes' QR codes lead to."""

    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")]


class Web(_Section):
    """The three web processes."""

    control: WebApp
    public: PublicApp
    devices: WebApp


class LaneTags(_Section):
    """A lane whose tags are a template's; `values` stand for the names in the template's braces."""

    lane: Name
    template: str
    values: dict[str, str | int] = Field(default_factory=dict)


class Tags(_Section):
    """Where the tag map and the device table are; `protocols` names those that a site brings: `module:object`.

    `lanes` are made of templates; their tags stand beside those of the map.
    """

    map: str
    devices: str
    protocols: dict[str, str] = Field(default_factory=dict)
    lanes: Annotated[tuple[LaneTags, ...], Field(strict=False)] = ()


class LaneTiming(_Section):
    """Waits that differ from the defaults of `lanes.md` §5, in seconds."""

    t_read_s: Seconds = Timing().t_read_s
    t_help_s: Seconds = Timing().t_help_s
    t_quote_s: Seconds = Timing().t_quote_s
    t_request_s: Seconds = Timing().t_request_s
    t_answer_s: Seconds = Timing().t_answer_s
    t_authorised_s: Seconds = Timing().t_authorised_s
    t_ttl_s: Annotated[float, Field(gt=0, le=5)] = Timing().t_ttl_s
    t_ack_s: Seconds = Timing().t_ack_s
    t_open_s: Seconds = Timing().t_open_s
    t_close_s: Seconds = Timing().t_close_s
    t_pass_s: Seconds = Timing().t_pass_s
    t_under_s: Seconds = Timing().t_under_s
    t_annul_s: Seconds = Timing().t_annul_s
    t_stuck_approach_s: Seconds = Timing().t_stuck_approach_s
    t_stuck_safety_s: Seconds = Timing().t_stuck_safety_s
    t_again_s: Seconds = Timing().t_again_s
    confidence: Annotated[float, Field(gt=0, le=1)] = Timing().confidence
    agreeing: Annotated[int, Field(ge=1, le=10)] = Timing().agreeing


class LanePolicy(_Section):
    """What the owner has decided for the times when something is missing (`operations.md` §6)."""

    no_stay_a_day: Annotated[int, Field(ge=0, le=1000)] = 5
    """So many cars a day may leave without a stay before that is an alarm (path G)."""
    release_cap_fen: Annotated[int, Field(ge=0, le=1_000_000)] = Policy().release_cap_fen
    admit_unread: bool = Policy().admit_unread
    broken_boom: Literal["red-light", "hold-open"] = "red-light"
    """A boom off its mount holds nobody back: tell the cars to wait, or let them pass and count them (path L)."""


class LaneGeometry(_Section):
    """Where a lane's loops lie, in metres, and from when on what passed is too long for one vehicle (path B)."""

    gap_m: Annotated[float, Field(gt=0, le=10)] = Geometry().gap_m
    safety_m: Annotated[float, Field(gt=0, le=10)] = Geometry().safety_m
    longest_m: Annotated[float, Field(ge=3, le=50)] = Geometry().longest_m
    slowest_s: Annotated[float, Field(gt=0, le=60)] = Geometry().slowest_s


class LaneTide(_Section):
    """From this time of the day on (the site's own) a tidal lane leads this way."""

    begins: Annotated[time, Field(strict=False, alias="from")]
    way: Literal["entry", "exit"]


class Lane(_Section):
    """One way in or out of a zone; without `zone`, of the first one.

    A lane of both ways serves whoever came first, or one way at a time of the day (`way_policy`, `tides`).
    """

    name: Name
    direction: Literal["entry", "exit", "both"]
    way_policy: Literal["first-come", "tidal"] = "first-come"
    tides: Annotated[tuple[LaneTide, ...], Field(strict=False)] = ()
    zone: Name | None = None
    title: str
    title_en: str
    timing: LaneTiming = LaneTiming()
    policy: LanePolicy = LanePolicy()
    geometry: LaneGeometry = LaneGeometry()

    @property
    def id(self) -> LaneName:
        """The lane's name as its own type."""
        return LaneName(self.name)

    @property
    def leads(self) -> Direction:
        """The lane's direction as the machine knows it; one of both ways stands as an entry."""
        return Direction.EXIT if self.direction == "exit" else Direction.ENTRY

    @property
    def turns(self) -> tuple[Tide, ...]:
        """The lane's tides as the machine knows them; none where it serves whoever came first."""
        return tuple(Tide(tide.begins, Direction(tide.way)) for tide in self.tides)

    @property
    def waits(self) -> Timing:
        """The lane's timing as the machine knows it."""
        own = self.policy
        policy = Policy(Fen(own.release_cap_fen), own.admit_unread, own.broken_boom == "hold-open")
        return Timing(**self.timing.model_dump(), policy=policy, geometry=Geometry(**self.geometry.model_dump()))


class ZoneTable(_Section):
    """A part of the car park with its own count; a nested lot lies inside its `parent`.

    `reserved` of its spaces are kept for month cards.
    """

    name: Name
    title: str
    title_en: str
    spaces: Annotated[int, Field(ge=1, le=1_000_000)]
    reserved: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    parent: Name | None = None

    def as_zone(self) -> Zone:
        """Give the zone as the decisions know it."""
        return Zone(ZoneName(self.name), self.spaces, self.reserved, ZoneName(self.parent) if self.parent else None)


class Limits(_Section):
    """Beyond these a person looks first: at a stay left open by a plate that comes in again, and at a quote.

    Above `goodwill_fen` a second person stands for what is waived, above `refund_fen` for what goes back.
    """

    unseen_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 5_000
    stay_hours: Annotated[int, Field(ge=1, le=10_000)] = 72
    stay_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 50_000
    goodwill_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000
    refund_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000


class CardProduct(_Section):
    """A month card that the site sells, at one price for some months: so many plates on so many spaces.

    For `grace_days` after its end it goes on opening. A renewal within them begins where the card ended (`gap` says
    `continue`) or on the day of payment (`anew`); a later one begins anew. `changes` of a plate in a calendar month.
    """

    name: Name
    title: str
    price_fen: Annotated[int, Field(ge=1, le=100_000_000)]
    months: Annotated[int, Field(ge=1, le=36)] = 1
    spaces: Annotated[int, Field(ge=1, le=1000)] = 1
    plates: Annotated[int, Field(ge=1, le=1000)] = 1
    zones: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    grace_days: Annotated[int, Field(ge=0, le=31)] = 0
    gap: Literal["continue", "anew"] = "continue"
    changes: Annotated[int, Field(ge=0, le=100)] = 1


class Arrears(_Section):
    """What is done about debts of earlier stays: at the exit, at the entry, and when one is given up.

    `add`: they are asked for with the new stay; `ask`: shown, and paid by who wants to. A plate that owes more than
    `refuse_above_fen` is not let in alone if `at_entry` says `refuse`. Above `write_off_fen` a second person stands
    for a debt that is given up.
    """

    at_exit: Literal["ask", "add", "ignore"] = "ask"
    at_entry: Literal["admit", "refuse"] = "admit"
    refuse_above_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    write_off_fen: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000


Corners = Annotated[
    tuple[Annotated[tuple[float, float], Field(strict=False)], ...],
    Field(strict=False),
]
"""Points of a picture, in shares of its width and height."""


class Camera(_Section):
    """One plate camera. `source` is an address (rtsp, http: a stream or a still), a device, a file or a folder.

    `region` is the lane's polygon in shares of width and height (0 to 1); plates outside do not count. `way`: at a lane
    for both ways, which cars it looks at, those that come in or those that go out; without it, all of them.
    `perspective`: the corners of what is read, top left first and clockwise, drawn along what is straight on the car;
    it is pulled straight first. `password_file` lies below the data folder; `transport` is RTSP's.
    """

    name: Name
    lane: Name
    way: Literal["entry", "exit"] | None = None
    source: str
    user: str = ""
    password_file: str | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    min_plate_px: Annotated[int, Field(ge=20, le=2000)] = 60
    region: Corners = ()
    perspective: Corners = ()

    @field_validator("perspective")
    @classmethod
    def _four_corners(cls, corners: Corners) -> Corners:
        if corners and not _is_clockwise(corners):
            raise ValueError("not four corners, top left first and clockwise")
        return corners

    def looks_at(self, lane: LaneName, way: Direction) -> bool:
        """Say whether it looks at the cars that go this way through a lane."""
        return self.lane == lane and self.way in (None, way.value)


class Unit(_Section):
    """A unit that reads plates by itself and pushes them (车牌识别一体机, `docs/units.md`): a vote more, never a leave.

    `serial` and `address` are the only ones believed. `gate`: how sure it must be, on its own scale from 0 to 1;
    `weight`: what a read of full confidence adds to the vote's sum; `looks`: for how many frames it counts.
    `serial_channel` is where a display hangs on it, `data_len` which length its firmware counts (`docs/displays.md`).
    """

    name: Name
    lane: Name
    way: Literal["entry", "exit"] | None = None
    make: Literal["vz", "huaxia", "hikvision", "dahua"]
    serial: Annotated[str, Field(min_length=1, max_length=64)]
    address: Annotated[str, Field(pattern=r"^[0-9A-Fa-f.:]{2,45}$")]
    gate: Annotated[float, Field(ge=0.05, le=1.0)] = 0.9
    weight: Annotated[float, Field(ge=0.0, le=3.0)] = 1.0
    looks: Annotated[int, Field(ge=1, le=3)] = 1
    serial_channel: Annotated[int, Field(ge=0, le=3)] = 0
    data_len: Literal["decoded", "base64"] = "decoded"

    def looks_at(self, lane: LaneName, way: Direction) -> bool:
        """Say whether it looks at the cars that go this way through a lane."""
        return self.lane == lane and self.way in (None, way.value)


class Lpr(_Section):
    """Which back end reads the plates; `auto` takes the best of C and B whose files are there (`daozha models show`).

    A gives one mean for a plate, which passes no gate: `calibration` says what it is worth at this site, as rising
    points of (mean, confidence) between 0 and 1; below the first one it is worth nothing.
    """

    back_end: Literal["auto", "A", "B", "C"] = "auto"
    calibration: Annotated[tuple[Annotated[tuple[Share, Share], Field(strict=False)], ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _rises(self) -> "Lpr":
        for (mean, worth), (next_mean, next_worth) in pairwise(self.calibration):
            if next_mean <= mean or next_worth < worth:
                raise ValueError(f"lpr: the calibration does not rise from ({mean:g}, {worth:g}) on")
        return self


class Evidence(_Section):
    """How long pictures are kept, in days, and how much room they may take.

    What is not settled (a car inside, arrears, an open case) is kept whatever these say. `free_gb`: so much of the disk
    is left free. `reads_days`: how long it is known what each camera read.
    """

    quota_gb: Annotated[float, Field(gt=0, le=100_000)] = 50.0
    free_gb: Annotated[float, Field(ge=0, le=1000)] = 2.0
    passage_days: Annotated[int, Field(ge=1, le=3650)] = 30
    rejected_days: Annotated[int, Field(ge=1, le=3650)] = 14
    case_days: Annotated[int, Field(ge=1, le=3650)] = 180
    reads_days: Annotated[int, Field(ge=1, le=3650)] = 365


def _is_clockwise(corners: Corners) -> bool:
    """Say whether four corners turn right at each, as seen on a screen."""
    if len(corners) != 4:
        return False
    turns = zip(corners, (*corners[1:], corners[0]), (*corners[2:], *corners[:2]), strict=True)
    return all((bx - ax) * (cy - by) > (by - ay) * (cx - bx) for (ax, ay), (bx, by), (cx, cy) in turns)


class Tariffs(_Section):
    """Where the tariff files are: one version each (`docs/tariffs.md`)."""

    folder: str


class PayScore(_Section):
    """Pay-score parking (微信支付分停车): WeChat deducts the fee of a driver who allows it, and the gate just opens.

    `name` of the car park and `description` of the fee are what the driver reads; without `name`, the site's own.
    """

    enabled: bool = False
    name: Annotated[str, Field(max_length=32)] = ""
    description: Annotated[str, Field(min_length=1, max_length=127)] = "停车费"


class WeChat(_Section):
    """The merchant's account at WeChat Pay; every secret is a file below the data folder.

    With a `sub_mchid`, `mchid` is the service provider that acts for it. Without WeChat's public key its answers are
    verified by the certificates that it hands out.
    """

    base_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] = "https://api.mch.weixin.qq.com"
    mchid: Annotated[str, Field(pattern=r"^\d{8,32}$")]
    appid: Annotated[str, Field(pattern=r"^wx[0-9a-z]{8,30}$")]
    sub_mchid: Annotated[str, Field(pattern=r"^(\d{8,32})?$")] = ""
    sub_appid: Annotated[str, Field(pattern=r"^(wx[0-9a-z]{8,30})?$")] = ""
    merchant_certificate_file: str
    private_key_file: str
    apiv3_key_file: str
    other_apiv3_key_file: str | None = None
    public_key_file: str | None = None
    public_key_id_file: str | None = None
    notify_url: Annotated[str, Field(pattern=r"^https?://[^?\s]+$", max_length=255)]
    parking: PayScore = PayScore()
    accountant: Annotated[str, Field(max_length=64)] = ""
    """Who owns the cases that WeChat's bills bring up; empty: whoever takes them."""
    reconcile_days: Annotated[int, Field(ge=1, le=90)] = 30
    """How far back a day whose bill was not compared is still made up for."""
    bills_days: Annotated[int, Field(ge=90, le=4000)] = 1100
    """How long the files of bills are kept."""

    @model_validator(mode="after")
    def _names_go_together(self) -> "WeChat":
        if (self.public_key_file is None) != (self.public_key_id_file is None):
            raise ValueError("WeChat Pay's public key and its id go together: name both files, or neither")
        if self.sub_appid and not self.sub_mchid:
            raise ValueError("sub_appid belongs to a sub_mchid")
        return self


class Scanner(_Section):
    """A scanner at an exit that reads payers' codes off their phones, and sends each as a line.

    `source`: `tcp://host:port` of its serial server, or `serial:/dev/ttyACM0?baud=9600`.
    """

    lane: Name
    source: str

    @field_validator("source")
    @classmethod
    def _is_a_line(cls, source: str) -> str:
        if not _SCANNER_LINE.fullmatch(source):
            raise ValueError(f"{source!r} is no line: write tcp://HOST:PORT or serial:/dev/ttyACM0?baud=9600")
        return source


class Influx(_Section):
    """An InfluxDB server; `token_file` is below the data folder."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    bucket: str
    org: str = "-"
    token_file: str | None = None


class History(_Section):
    """Time series: embedded unless `influx` is given. Analog values that do not move are told anew by `again_min`."""

    influx: Influx | None = None
    again_min: Annotated[int, Field(ge=5, le=60)] = 15


class DatabaseKeys(_Section):
    """Where the tables are: a SQLite file in the data folder, or PostgreSQL by the URL in a file (`docs/database.md`).

    The file lies below the data folder, or is one of systemd's credentials; it holds the password, so that nobody else
    may read it. Every wait has its limit; `readers` is the number of connections beside the writer's.
    """

    url_file: str | None = None
    readers: Annotated[int, Field(ge=1, le=16)] = 2
    connect_s: Annotated[int, Field(ge=2, le=60)] = 5
    lock_s: Annotated[float, Field(ge=0.1, le=60)] = 10.0
    statement_s: Annotated[float, Field(ge=1, le=600)] = 20.0
    ssl: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None = None


class ServeOpcUa(_Section):
    """Our OPC UA server. `security`: what is offered; `None` (no encryption, no certificates) on this machine only.

    Clients are known by certificate (a file in `serve/trusted` of the data folder), name and password.
    """

    host: str = "127.0.0.1"
    port: Port = 4840
    security: Annotated[tuple[ServeSecurity, ...], Field(min_length=1, strict=False)] = (
        "Aes256Sha256RsaPss",
        "Basic256Sha256",
    )
    sessions: Annotated[int, Field(ge=1, le=100)] = 8
    subscriptions: Annotated[int, Field(ge=1, le=1000)] = 32
    items: Annotated[int, Field(ge=1, le=100_000)] = 20_000
    """Monitored items of one session."""


class ServeModbus(_Section):
    """Our read-only Modbus TCP server. `map` is the published table; `allow` says whose connections are taken."""

    host: str = "127.0.0.1"
    port: Port = 1502
    map: str
    allow: Annotated[tuple[str, ...], Field(strict=False)] = ("127.0.0.1/32", "::1/128")
    connections: Annotated[int, Field(ge=1, le=100)] = 8

    @field_validator("allow")
    @classmethod
    def _networks(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        for text in allow:
            try:
                ip_network(text)
            except ValueError as error:
                raise ValueError(f"{text!r} is no network; write 10.1.2.0/24 or one address") from error
        return allow


class Serve(_Section):
    """What other systems may read (`docs/serving.md`): nothing, unless a server's section is there.

    `tags` are patterns such as `*.gate.up` and `zone.*`; whose car it is, is never served.
    """

    tags: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    opcua: ServeOpcUa | None = None
    modbus: ServeModbus | None = None


class SimPlc(_Section):
    """What is set in the virtual PLC of one lane, as somebody would at commissioning."""

    closing_fitted: bool = False
    two_way: bool = False
    when_server_lost: Literal["stay_down", "raise"] = "stay_down"


class Sim(_Section):
    """The virtual car park. Only `daozha sim` and `daozha drill` read it."""

    photos: str | None = None
    feed_port: Port
    rtsp_port: Port | None = None
    wechat_port: Port
    field_ports: dict[str, Port]
    plc: dict[Name, SimPlc] = Field(default_factory=dict)


class Config(_Section):
    """The whole site. `folder` is where the file stands; relative paths start there."""

    site: Site
    web: Web
    tags: Tags
    zones: Annotated[tuple[ZoneTable, ...], Field(strict=False)] = ()
    lanes: Annotated[tuple[Lane, ...], Field(min_length=1, strict=False)]
    cameras: Annotated[tuple[Camera, ...], Field(strict=False)]
    units: Annotated[tuple[Unit, ...], Field(strict=False)] = ()
    scanners: Annotated[tuple[Scanner, ...], Field(strict=False)] = ()
    displays: Annotated[tuple[Display, ...], Field(strict=False)] = ()
    boards: Annotated[tuple[Board, ...], Field(strict=False)] = ()
    display_texts: DisplayTexts | None = None
    phones: Phones = Phones()
    lpr: Lpr = Lpr()
    evidence: Evidence = Evidence()
    tariff: Tariffs
    limits: Limits = Limits()
    arrears: Arrears = Arrears()
    card_products: Annotated[tuple[CardProduct, ...], Field(strict=False)] = ()
    wechat: WeChat
    history: History = History()
    database: DatabaseKeys = DatabaseKeys()
    serve: Serve | None = None
    sim: Sim | None = None
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="after")
    def _names_agree(self) -> "Config":
        names = [lane.name for lane in self.lanes]
        for twice in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"lanes: {twice!r} is named twice")
        for camera in self.cameras:
            if camera.lane not in names:
                raise ValueError(f"cameras: {camera.name!r} looks at {camera.lane!r}, which is no lane")
        for unit in self.units:
            if unit.lane not in names:
                raise ValueError(f"units: {unit.name!r} looks at {unit.lane!r}, which is no lane")
        return self

    @model_validator(mode="after")
    def _scanners_stand_at_exits(self) -> "Config":
        lanes = {lane.name: lane for lane in self.lanes}
        named = [scanner.lane for scanner in self.scanners]
        for scanner in self.scanners:
            if scanner.lane not in lanes or lanes[scanner.lane].direction == "entry":
                raise ValueError(f"scanners: {scanner.lane!r} is no lane that leads out")
            if named.count(scanner.lane) > 1:
                raise ValueError(f"scanners: {scanner.lane!r} has two")
        return self

    @model_validator(mode="after")
    def _displays_belong_somewhere(self) -> "Config":
        units, told = {unit.name: unit for unit in self.units}, (*self.displays, *self.boards)
        for twice in {one.name for one in told if [each.name for each in told].count(one.name) > 1}:
            raise ValueError(f"displays: {twice!r} is named twice")
        for display in self.displays:
            if display.lane not in {lane.name for lane in self.lanes}:
                raise ValueError(f"displays: {display.name!r} stands at {display.lane!r}, which is no lane")
        for board in self.boards:
            if ZoneName(board.zone) not in self.park:
                raise ValueError(f"boards: {board.name!r} tells of {board.zone!r}, which is no zone")
        for one in told:
            unit = one.address.removeprefix("unit:")
            if one.scheme == "unit" and (unit not in units or units[unit].make != "vz"):
                raise ValueError(f"displays: {one.name!r} is behind {unit!r}, which is no unit of make vz")
        return self

    @model_validator(mode="after")
    def _zones_hold_together(self) -> "Config":
        for wrong in self.park.wrong():
            raise ValueError(f"zones: {wrong.zone!r} {wrong.what}")
        for lane in self.lanes:
            if lane.zone is not None and ZoneName(lane.zone) not in self.park:
                raise ValueError(f"lanes: {lane.name!r} leads into {lane.zone!r}, which is no zone")
        return self

    @property
    def park(self) -> Zones:
        """The zones; a site that names none is one zone without a limit."""
        return Zones(tuple(zone.as_zone() for zone in self.zones) or (WHOLE_SITE,))

    def zone_of(self, lane: LaneName) -> ZoneName:
        """Give the zone a lane leads into or out of. Raises KeyError."""
        return self.park.known(self.lane(lane).zone)

    @property
    def blackbox(self) -> Path:
        """The folder of the lanes' black boxes."""
        return self.data / "blackbox"

    @property
    def data(self) -> Path:
        """The folder for the database, history, pictures, keys and sockets."""
        return data_folder(self.folder, self.site.id, self.site.data)

    @property
    def site_id(self) -> SiteId:
        """The site's id as its own type."""
        return SiteId(self.site.id)

    def beside(self, path: str) -> Path:
        """Resolve a path that stands relative to the configuration file."""
        return joined(self.folder, path)

    def secret(self, path: str) -> Path:
        """Resolve the path of a secret, relative to the data folder."""
        return joined(self.data, path)

    def socket(self, app: str) -> Path:
        """The Unix socket on which the plant serves one web process."""
        return self.data / "run" / f"{app}.sock"

    def lane(self, name: LaneName) -> Lane:
        """Give a lane by name. Raises KeyError."""
        for lane in self.lanes:
            if lane.name == name:
                return lane
        raise KeyError(name)


class ConfigError(Exception):
    """The configuration cannot be used; the message names the file, and `daozha check` every mistake."""


def data_folder(folder: Path, site: str, data: str | None) -> Path:
    """Give the folder a site writes to: `site.data` beside the file, else under the user's state directory."""
    if data is not None:
        return joined(folder, data)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "daozha" / site


def joined(folder: Path, path: str) -> Path:
    """Join two paths and take out `..` without asking the disk: the plant's loop does this too."""
    return Path(os.path.normpath(folder / path))


def load(path: Path) -> Config:
    """Read a site's configuration. Raises ConfigError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    try:
        return Config.model_validate({**content, "folder": path.resolve().parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {error.error_count()} mistakes; run: daozha check --config {path}") from error

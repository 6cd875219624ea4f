"""`config.toml` as frozen models. Reading it never touches the network; `scada.check` explains mistakes."""

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator, model_validator

from scada.model.names import LaneName, SiteId, ZoneName
from scada.model.zones import Zone, Zones
from scada.secretfile import CREDENTIAL, credential
from scada.settings.alarms import AlarmEntry, alarm_entries
from scada.settings.base import Name, Port, Section
from scada.settings.cameras import Camera, Evidence, Lpr, Unit
from scada.settings.desk import Desk
from scada.settings.displays import Board, Display, DisplayTexts
from scada.settings.identity import Ldap, Oidc
from scada.settings.keeping import Backup, Retention
from scada.settings.lanes import Lane, ZoneTable
from scada.settings.money import Arrears, CardProduct, Limits, Scanner, Tariffs, Visitors, WeChat
from scada.settings.notify import Notify
from scada.settings.phones import Phones
from scada.settings.plan import Plan
from scada.settings.reports import Mail, ReportSchedule
from scada.settings.sites import PlantElsewhere, Rooms
from scada.settings.stores import DatabaseKeys, History, Serve, Standby
from scada.settings.training import Training

if TYPE_CHECKING:
    from scada.tls import TlsFiles

WHOLE_SITE = Zone(ZoneName("site"))
"""The one zone of a site that names none."""


class Site(Section):
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


class WebApp(Section):
    """One web process: where it listens and which Host headers it answers to."""

    host: str = "127.0.0.1"
    port: Port
    host_names: Annotated[tuple[str, ...], Field(strict=False)] = ("127.0.0.1", "localhost")


class ControlApp(WebApp):
    """The control room; `url` is how browsers reach it behind a proxy, for links from the pages of other sites."""

    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] | None = None


class PublicApp(WebApp):
    """The drivers' web process; `url` is what the lanes' QR codes lead to."""

    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")]


class Web(Section):
    """The three web processes."""

    control: ControlApp
    public: PublicApp
    devices: WebApp


class LaneTags(Section):
    """A lane whose tags are a template's; `values` stand for the names in the template's braces."""

    lane: Name
    template: str
    values: dict[str, str | int] = Field(default_factory=dict)


class Tags(Section):
    """Where the tag map and the device table are; `protocols` names those that a site brings: `module:object`.

    `lanes` are made of templates; their tags stand beside those of the map.
    """

    map: str
    devices: str
    protocols: dict[str, str] = Field(default_factory=dict)
    lanes: Annotated[tuple[LaneTags, ...], Field(strict=False)] = ()


class SimPlc(Section):
    """What is set in the virtual PLC of one lane, as somebody would at commissioning."""

    closing_fitted: bool = False
    two_way: bool = False
    when_server_lost: Literal["stay_down", "raise"] = "stay_down"


class Sim(Section):
    """The virtual car park. Only `daozha sim` and `daozha drill` read it."""

    photos: str | None = None
    feed_port: Port
    rtsp_port: Port | None = None
    wechat_port: Port
    field_ports: dict[str, Port]
    plc: dict[Name, SimPlc] = Field(default_factory=dict)


class Config(Section):
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
    plan: Plan = Plan()
    lpr: Lpr = Lpr()
    evidence: Evidence = Evidence()
    tariff: Tariffs
    limits: Limits = Limits()
    desk: Desk = Desk()
    arrears: Arrears = Arrears()
    visitors: Visitors = Visitors()
    card_products: Annotated[tuple[CardProduct, ...], Field(strict=False)] = ()
    wechat: WeChat
    history: History = History()
    database: DatabaseKeys = DatabaseKeys()
    standby: Standby | None = None
    retention: Retention = Retention()
    backup: Backup = Backup()
    serve: Serve | None = None
    rooms: Rooms | None = None
    plants: Annotated[tuple[PlantElsewhere, ...], Field(strict=False, max_length=50)] = ()
    mail: Mail | None = None
    notify: Annotated[tuple[Notify, ...], Field(strict=False)] = ()
    oidc: Oidc | None = None
    ldap: Ldap | None = None
    report_schedule: Annotated[tuple[ReportSchedule, ...], Field(strict=False)] = ()
    alarm: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = ()
    sim: Sim | None = None
    training: Training | None = None
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
        self._schedules_agree()
        return self

    @model_validator(mode="after")
    def _nothing_real_is_trained_on(self) -> "Config":
        if self.training is not None and not (self.site.virtual and self.sim is not None):
            raise ValueError("training: these are real gates; `daozha train` makes a site of its own for a training")
        return self

    @model_validator(mode="after")
    def _two_servers_share_their_tables(self) -> "Config":
        if self.standby is not None and self.database.url_file is None:
            raise ValueError("standby: two servers share one PostgreSQL: write [database] url_file")
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

    @model_validator(mode="after")
    def _alarms_are_whole(self) -> "Config":
        if self.alarm:
            alarm_entries(self.alarm)
        return self

    @property
    def alarms(self) -> tuple[AlarmEntry, ...]:
        """The alarms: those of every site, as this one has changed and added to them."""
        return alarm_entries(self.alarm)

    @model_validator(mode="after")
    def _plan_draws_what_is_there(self) -> "Config":
        zones, lanes = {str(zone.name) for zone in self.park.all}, {lane.name for lane in self.lanes}
        for name in sorted((set(self.plan.zones) - zones) | (set(self.plan.lanes) - lanes)):
            raise ValueError(f"plan: {name!r} is none of the site's zones or lanes")
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

    @model_validator(mode="after")
    def _plants_stand_apart(self) -> "Config":
        names, ports = [plant.name for plant in self.plants], [plant.port for plant in self.plants]
        for twice in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"plants: {twice!r} is named twice")
        own = (self.web.control.port, self.web.public.port, self.web.devices.port)
        for port in sorted({port for port in ports if ports.count(port) > 1 or port in own}):
            raise ValueError(f"plants: {port} is the port of another application: each has an address of its own")
        return self

    def _schedules_agree(self) -> None:
        names = [one.name for one in self.report_schedule]
        for twice in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"report_schedule: {twice!r} is named twice")
        if self.mail is None and any(one.to for one in self.report_schedule):
            raise ValueError("report_schedule: mail goes by a server: write [mail] host and sender")
        told = [one.name for one in self.notify]
        for twice in {name for name in told if told.count(name) > 1}:
            raise ValueError(f"notify: {twice!r} is named twice")
        if self.mail is None and any(one.to for one in self.notify):
            raise ValueError("notify: mail goes by a server: write [mail] host and sender")

    @property
    def data(self) -> Path:
        """The folder for the database, history, pictures, keys and sockets."""
        return data_folder(self.folder, self.site.id, self.site.data)

    @property
    def backups(self) -> Path:
        """The folder of backups; another disk is better than this default."""
        told = self.backup.folder
        return self.data.with_name(f"{self.data.name}-backups") if told is None else self.beside(told)

    @property
    def drawing(self) -> Path | None:
        """The site's own drawing behind the plan, if it has one."""
        return None if self.plan.background is None else self.beside(self.plan.background)

    @property
    def plate_key(self) -> Path:
        """The file of the key by which plates become hashes."""
        return self.data / "keys" / "plates.key"

    @property
    def site_id(self) -> SiteId:
        """The site's id as its own type."""
        return SiteId(self.site.id)

    def beside(self, path: str) -> Path:
        """Resolve a path that stands relative to the configuration file."""
        return joined(self.folder, path)

    def secret(self, path: str) -> Path:
        """Resolve the path of a secret, relative to the data folder; `credential:NAME` is one that systemd gives."""
        name = path.removeprefix(CREDENTIAL)
        return joined(self.data, path) if name == path else credential(name)

    def tls_files(self, of: Rooms | PlantElsewhere) -> "TlsFiles":
        """Give the files by which a plant and a control room elsewhere know each other."""
        from scada.tls import TlsFiles  # loads much that who has one room does not wait for

        return TlsFiles(self.secret(of.certificate_file), self.secret(of.key_file), self.secret(of.ca_file))

    def socket(self, app: str) -> Path:
        """The Unix socket on which the plant serves one web process."""
        return self.data / "run" / f"{app}.sock"

    @property
    def processes(self) -> Path:
        """Where `daozha run` writes down which processes it watches."""
        return self.data / "run" / "processes.json"

    @property
    def standing(self) -> Path:
        """Where the plant writes down whether this server leads."""
        return self.data / "run" / "standby.json"

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
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    try:
        return Config.model_validate({**content, "folder": path.resolve().parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {error.error_count()} mistakes; run: daozha check --config {path}") from error

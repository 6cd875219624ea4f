"""Where rows and time series are kept, and what is served to other systems."""

from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from scada.settings.base import Port, Section

ServeSecurity = Literal["Aes256Sha256RsaPss", "Aes128Sha256RsaOaep", "Basic256Sha256", "None"]


class InfluxClasses(Section):
    """Places of their own for what is kept for another time than events are: retention policies, buckets or databases.

    What is not named goes into `bucket`. With `keep` each place is made and told how long to keep what it has.
    """

    analog: Annotated[str, Field(min_length=1)] | None = None
    health: Annotated[str, Field(min_length=1)] | None = None
    hours: Annotated[str, Field(min_length=1)] | None = None
    keep: bool = True


class Influx(Section):
    """An InfluxDB 1, 2 or 3, or a VictoriaMetrics; `token_file` is below the data folder.

    What waits for it takes `budget_mb` of the disk and leaves `free_mb` free; it is sent at `lines_s` lines a second at
    most. With `keep_days` the server is told how long to keep history, where it lets itself be told; with `classes`
    each class of history has a place of its own and is kept as long as the embedded store would.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    bucket: str
    org: str = "-"
    token_file: str | None = None
    budget_mb: Annotated[int, Field(ge=16, le=1_000_000)] = 2048
    free_mb: Annotated[int, Field(ge=64, le=1_000_000)] = 512
    lines_s: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    keep_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    classes: InfluxClasses | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.classes is not None and self.keep_days is not None:
            raise ValueError("keep_days is for one bucket with everything; with classes raw_days and the like count")
        return self


class History(Section):
    """Time series: embedded unless `influx` is given (`docs/history.md`).

    Analog values that do not move are told anew by `again_min`, those that move fast not more often than `least_s`.
    `swinging` are patterns of analog tags that a swinging door thins instead of a deadband. The embedded store packs
    points after `hot_hours`; points are kept for `raw_days` (of analog tags and of devices' figures for `analog_days`
    and `health_days`, if those are given), hourly figures for `hour_years`, daily ones for ever.
    """

    influx: Influx | None = None
    again_min: Annotated[int, Field(ge=5, le=60)] = 15
    least_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    swinging: Annotated[tuple[str, ...], Field(strict=False)] = ()
    hot_hours: Annotated[int, Field(ge=1, le=72)] = 6
    raw_days: Annotated[int, Field(ge=7, le=3650)] = 60
    analog_days: Annotated[int, Field(ge=7, le=3650)] | None = None
    health_days: Annotated[int, Field(ge=7, le=3650)] | None = None
    hour_years: Annotated[int, Field(ge=1, le=50)] = 5


class DatabaseKeys(Section):
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


class Standby(Section):
    """Two servers for one site, of which one leads (`docs/standby.md`). Both have the same file.

    `name` is what people call this server: its host name, unless that says nothing. `lease_s`: a leader that does not
    renew its lease for so long leads no more.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] | None = None
    lease_s: Annotated[float, Field(ge=5, le=60)] = 6.0


class ServeOpcUa(Section):
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


class ServeModbus(Section):
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


class Serve(Section):
    """What other systems may read (`docs/serving.md`): nothing, unless a server's section is there.

    `tags` are patterns such as `*.gate.up` and `zone.*`; whose car it is, is never served.
    """

    tags: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    opcua: ServeOpcUa | None = None
    modbus: ServeModbus | None = None

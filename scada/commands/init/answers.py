"""What a person says about a new site: the same from a conversation, from a file, and from options."""

import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from scada.settings.base import Name, Port, Section

HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253)]
File = Annotated[Path, Field(strict=False)]


class AnswersError(Exception):
    """What was said cannot be used; the message says what and why."""


class Plc(Section):
    """A lane's PLC. `base` and `coils`: how far its registers and coils lie above those of lane.st.

    `node`: the lane's folder over OPC UA, in the namespace of this number.
    """

    protocol: Literal["modbus-tcp", "opcua"] = "modbus-tcp"
    host: HostName
    port: Port
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    base: Annotated[int, Field(ge=0, le=60_000)] = 0
    coils: Annotated[int, Field(ge=0, le=60_000)] = 0
    namespace: Annotated[int, Field(ge=0, le=65_535)] = 2
    node: Annotated[str, Field(pattern=r"^[\w.-]*$")] = ""


class LaneSaid(Section):
    """A lane, its PLC and its camera; without `camera` none looks at it."""

    name: Name
    direction: Literal["entry", "exit"]
    title: Annotated[str, Field(min_length=1)]
    title_en: Annotated[str, Field(min_length=1)]
    plc: Plc
    camera: str = ""
    camera_user: str = ""
    camera_password_file: File | None = None


class SiteSaid(Section):
    """The car park itself."""

    id: Name
    name: Annotated[str, Field(min_length=1)]
    name_en: Annotated[str, Field(min_length=1)]
    zone: str = "Asia/Shanghai"
    spaces: Annotated[int, Field(ge=1, le=1_000_000)]


class WebSaid(Section):
    """Where browsers come in, through the reverse proxy. `networks`: from where the control room may be seen."""

    control: HostName = "control.example.com"
    drivers: HostName = "park.example.com"
    lanes_address: HostName = "127.0.0.1"
    port: Annotated[int, Field(ge=1024, le=65_500)] = 8080
    networks: Annotated[tuple[str, ...], Field(strict=False)] = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for text in networks:
            try:
                ip_network(text)
            except ValueError as error:
                raise ValueError(f"{text!r} is no network; write 10.1.2.0/24 or one address") from error
        return networks

    @model_validator(mode="after")
    def _stand_apart(self) -> Self:
        if self.control == self.drivers:
            raise ValueError("control and drivers: two different host names, since cookies know no ports")
        return self


class InfluxSaid(Section):
    """A server for history; `token_file` is copied."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    bucket: Annotated[str, Field(min_length=1)]
    org: str = "-"
    token_file: File | None = None


class WeChatSaid(Section):
    """The merchant's account; its files are copied."""

    mchid: Annotated[str, Field(pattern=r"^\d{8,32}$")]
    appid: Annotated[str, Field(pattern=r"^wx[0-9a-z]{8,30}$")]
    merchant_certificate_file: File
    private_key_file: File
    apiv3_key_file: File
    public_key_file: File | None = None
    public_key_id_file: File | None = None


class Answers(Section):
    """All that a real site's files are written from. Without `wechat` its files are brought later."""

    site: SiteSaid
    lanes: Annotated[tuple[LaneSaid, ...], Field(min_length=1, strict=False)]
    web: WebSaid = WebSaid()
    data: str = "/var/lib/daozha/site"
    backups: str = "/var/backups/daozha"
    database_url_file: File | None = None
    influx: InfluxSaid | None = None
    wechat: WeChatSaid | None = None

    @model_validator(mode="after")
    def _lanes_stand_once(self) -> Self:
        names = [lane.name for lane in self.lanes]
        for twice in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"lanes: {twice!r} is named twice")
        return self


def answers_of(said: Mapping[str, object], where: str) -> Answers:
    """Take what was said. Raises AnswersError with every mistake."""
    try:
        return Answers.model_validate(said)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc'])) or 'answers'}: {one['msg']}" for one in error.errors()]
        raise AnswersError(f"{where}: {'; '.join(wrong)}") from error


def read_answers(file: Path) -> dict[str, object]:
    """Read a file of answers; files that it names start at its folder. Raises AnswersError."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnswersError(f"{file}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnswersError(f"{file}: not TOML: {error}") from error
    found = _beside(said, file.resolve().parent)
    return found if isinstance(found, dict) else {}


def _beside(said: object, folder: Path) -> object:
    """Let every `…_file` start at the folder."""
    if isinstance(said, list):
        return [_beside(one, folder) for one in said]
    if not isinstance(said, dict):
        return said
    return {
        key: str(folder / value) if key.endswith("_file") and isinstance(value, str) else _beside(value, folder)
        for key, value in said.items()
    }

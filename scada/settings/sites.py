"""Plants and control rooms at other places: `[rooms]` lets rooms in here, `[[plants]]` are shown by this room."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from scada.settings.base import Name, Port, Section

RoomRole = Literal["operator", "technician", "manager", "administrator", "auditor"]
USUAL_ROLES: Final[tuple[RoomRole, ...]] = ("operator", "manager", "auditor")
"""Who works from afar unless the plant says otherwise: who sets lanes up or lets people in does it at the site."""


class AllowedRoom(Section):
    """A control room elsewhere. `name` is the common name of its certificate; people of `roles` may work from it.

    With `fingerprint` (SHA-256, hex) it is this one certificate, whoever else the authority has signed.
    """

    name: Name
    roles: Annotated[tuple[RoomRole, ...], Field(strict=False, min_length=1)] = USUAL_ROLES
    fingerprint: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$")] | None = None


class Rooms(Section):
    """The door for control rooms elsewhere (`docs/sites.md`). The files lie below the data folder, the key 0600."""

    host: str = "127.0.0.1"
    port: Port = 7443
    certificate_file: str = "sites/plant.pem"
    key_file: str = "sites/plant.key"
    ca_file: str = "sites/ca.pem"
    allowed: Annotated[tuple[AllowedRoom, ...], Field(strict=False, min_length=1, max_length=16)]

    @model_validator(mode="after")
    def _each_once(self) -> "Rooms":
        names = [room.name for room in self.allowed]
        for twice in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"rooms.allowed: {twice!r} is named twice")
        return self


class PlantElsewhere(Section):
    """A plant that this control room shows beside its own: at `address` over mutual TLS.

    `server_name` is what its certificate says, if that is not the host of `address`. Its pages are at `host`:`port` of
    this machine, an address of their own, so that nobody takes one car park for another; `url` is how browsers reach
    that behind a proxy.
    """

    name: Name
    title: str
    title_en: str
    address: Annotated[str, Field(pattern=r"^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$")]
    server_name: str | None = None
    certificate_file: str = "sites/room.pem"
    key_file: str = "sites/room.key"
    ca_file: str = "sites/ca.pem"
    host: str = "127.0.0.1"
    port: Port
    host_names: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = ("127.0.0.1", "localhost")
    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] | None = None

    @property
    def where(self) -> tuple[str, int]:
        """Host and port of the plant's door."""
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)

"""Which certificates the site shows or trusts, and when each ends: an alarm tells before a link is refused."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from plc.ua.certificate import name_of
from plc.ua.keys import KeyFolder, KeysError
from scada.config import Config
from scada.tls import TlsError, shown_in


def endings(config: Config, devices: tuple[str, ...]) -> list[tuple[str, datetime]]:
    """Give every certificate that can be read, by what it is for: OPC UA, WeChat Pay, control rooms elsewhere.

    One that cannot be read is somebody else's alarm: the link that needs it. Reads the disk.
    """
    return [*_of_opcua(KeyFolder(config.data), devices), *_of_files(config)]


def _of_opcua(keys: KeyFolder, devices: tuple[str, ...]) -> Iterator[tuple[str, datetime]]:
    try:
        own = keys.known()
        if own is not None:
            yield "OPC UA", own.certificate.not_valid_after_utc
        for device in devices:
            for one in keys.trusted(device):
                yield f"OPC UA {device}: {name_of(one.certificate)}", one.certificate.not_valid_after_utc
    except KeysError:
        return


def _of_files(config: Config) -> Iterator[tuple[str, datetime]]:
    for what, file in _files(config):
        try:
            yield what, shown_in(file).until
        except TlsError:
            continue


def _files(config: Config) -> Iterator[tuple[str, Path]]:
    yield "WeChat Pay", config.secret(config.wechat.merchant_certificate_file)
    for what, of in [("rooms", config.rooms), *((f"plant {one.name}", one) for one in config.plants)]:
        if of is not None:
            files = config.tls_files(of)
            yield f"{what}: {files.certificate.name}", files.certificate
            yield f"{what}: {files.authority.name}", files.authority

"""`daozha certs …`: whom the site's OPC UA devices may be, and who we are for them.

A running plant looks at the folder anew for every connection, so a change counts from the next attempt on.
"""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509

from plc import tagmap
from plc.map.devices import Device
from plc.ua.certificate import days_left, ends_soon, has_thumbprint, name_of, sha1, sha256, uri_of
from plc.ua.client import certificate_of, chosen, look
from plc.ua.keys import KeyFolder, KeysError
from plc.ua.security import Security, parse_security
from scada import say
from scada.clock import clock_from
from scada.config import Config, ConfigError, load
from scada.ports import PlcError


def show(asked: argparse.Namespace) -> int:
    """Show our own certificate; make it on the first day."""

    def work(_config: Config, keys: KeyFolder, now: datetime) -> int:
        _tell_own(keys, now)
        return 0

    return _with_keys(asked, work)


def renew(asked: argparse.Namespace) -> int:
    """Make a certificate with new dates; the PLCs have to trust it before the next connection."""

    def work(_config: Config, keys: KeyFolder, now: datetime) -> int:
        keys.renew(now, new_key=asked.new_key)
        _tell_own(keys, now)
        say.tell("Let every secured PLC trust it now: links that are up go on, new ones show it from now on.")
        return 0

    return _with_keys(asked, work)


def show_list(asked: argparse.Namespace) -> int:
    """Show what each OPC UA device may show us, and what ends soon."""

    def work(config: Config, keys: KeyFolder, now: datetime) -> int:
        for device in _devices(config).values():
            trusted = keys.trusted(device.name)
            say.tell(f"{device.name}: {device.security or 'no security'}")
            for one in trusted:
                until = f"until {one.certificate.not_valid_after_utc:%Y-%m-%d}"
                soon = f", {days_left(one.certificate, now)} days left" if ends_soon(one.certificate, now) else ""
                say.tell(f"    {name_of(one.certificate)}, {until}{soon}")
                say.tell(f"    SHA-256 {sha256(one.certificate)}")
            if device.security and not trusted:
                say.tell(f"    nothing is trusted yet: daozha certs trust {device.name}")
        return 0

    return _with_keys(asked, work)


def trust(asked: argparse.Namespace) -> int:
    """Trust what a PLC shows, if its thumbprint is the one given; without one, show what it shows. 1 if not trusted."""

    def work(config: Config, keys: KeyFolder, _now: datetime) -> int:
        device, security = _secured(config, asked.device)
        way = device.ways[-1] if asked.second else device
        certificate = _from_file(asked.file) if asked.file else _shown(way, security)
        _describe(certificate)
        if asked.thumbprint is None:
            say.tell(
                "Nothing is trusted yet. Compare with what the PLC itself shows, then:"
                f" daozha certs trust {device.name} --thumbprint …"
            )
            return 1
        if not has_thumbprint(certificate, asked.thumbprint):
            say.complain("this is not the thumbprint given: nothing is trusted. Is another server at this address?")
            return 1
        say.tell(f"trusted for {device.name}: {keys.trust(device.name, certificate)}")
        return 0

    return _with_keys(asked, work)


def untrust(asked: argparse.Namespace) -> int:
    """Take a trusted certificate away from a device. 1 if it has none with this thumbprint."""

    def work(_config: Config, keys: KeyFolder, _now: datetime) -> int:
        gone = keys.untrust(asked.device, asked.thumbprint)
        if not gone:
            say.complain(f"{asked.device} trusts none with this thumbprint; see: daozha certs list")
            return 1
        say.tell(f"no longer trusted for {asked.device}; a link that is up ends at its next connection")
        return 0

    return _with_keys(asked, work)


def log_in(asked: argparse.Namespace) -> int:
    """Keep the user name and password for a device, or with `--forget` remove them."""

    def work(config: Config, keys: KeyFolder, _now: datetime) -> int:
        if asked.user is None:
            keys.forget_login(_device(config, asked.device).name)
            say.tell(f"{asked.device} is asked as anybody")
            return 0
        device, security = _secured(config, asked.device)
        if not security.encrypts:
            say.complain(f"{device.name} has {security}: a password goes over SignAndEncrypt only")
            return 2
        word = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        say.tell(f"kept in {keys.keep_login(device.name, asked.user, word)}")
        return 0

    return _with_keys(asked, work)


def _with_keys(asked: argparse.Namespace, work: Callable[[Config, KeyFolder, datetime], int]) -> int:
    try:
        config = load(asked.config)
        return work(config, KeyFolder(config.data), clock_from().now())
    except (ConfigError, KeysError, PlcError, LookupError) as error:
        say.complain(str(error.args[0] if isinstance(error, LookupError) else error))
        return 2


def _devices(config: Config) -> dict[str, Device]:
    """Give the site's OPC UA devices, however many mistakes the tables still have."""
    tables = config.beside(config.tags.map), config.beside(config.tags.devices)
    devices = tagmap.examine(*tables, config.tags.protocols)[0].devices
    return {name: device for name, device in devices.items() if device.protocol.name == "opcua"}


def _device(config: Config, name: str) -> Device:
    devices = _devices(config)
    if name not in devices:
        raise LookupError(f"there is no OPC UA device {name!r}; there are: {', '.join(devices) or 'none'}")
    return devices[name]


def _secured(config: Config, name: str) -> tuple[Device, Security]:
    device = _device(config, name)
    try:
        security = parse_security(device.security)
    except ValueError as error:
        raise LookupError(f"{name}: {error}") from error
    if security is None:
        raise LookupError(f"{name} has no security in {config.tags.devices}: no certificate and no password goes there")
    return device, security


def _shown(device: Device, security: Security) -> x509.Certificate:
    return certificate_of(chosen(asyncio.run(look(device)), security, device))


def _from_file(file: Path) -> x509.Certificate:
    try:
        raw = file.read_bytes()
        return x509.load_pem_x509_certificate(raw) if b"-----BEGIN" in raw else x509.load_der_x509_certificate(raw)
    except (OSError, ValueError) as error:
        raise KeysError(f"{file} is no certificate: {error}") from error


def _tell_own(keys: KeyFolder, now: datetime) -> None:
    certificate = keys.own(now).certificate
    _describe(certificate)
    say.tell(f"{days_left(certificate, now)} days are left; the file for the PLCs is {keys.exported}")


def _describe(certificate: x509.Certificate) -> None:
    rows = [
        ("name", name_of(certificate)),
        ("application", uri_of(certificate)),
        ("issued by", certificate.issuer.rfc4514_string()),
        ("until", f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"),
        ("SHA-1", sha1(certificate)),
        ("SHA-256", sha256(certificate)),
    ]
    for label, text in rows:
        say.tell(f"{label:<12}{text}")

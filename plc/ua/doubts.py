"""What stands in the way of a secured link, as far as the key folder tells: for people, before the lane does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from plc.map.devices import Device
from plc.ua.certificate import days_left, ends_soon, name_of, trouble_with_dates
from plc.ua.keys import KeyFolder, KeysError
from plc.ua.security import parse_security


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that is not as it should be; `stops`: no link comes about."""

    text: str
    remedy: str
    stops: bool = False


def doubts(device: Device, keys: KeyFolder, now: datetime) -> Iterator[Doubt]:
    """Say what a technician has to do for a device, now or within the month."""
    try:
        yield from _login(device, keys)
        if device.security:
            yield from _certificates(device, keys, now)
    except KeysError as error:
        yield Doubt(str(error), "see docs/plc/README.md, Certificates", stops=True)


def _login(device: Device, keys: KeyFolder) -> Iterator[Doubt]:
    try:
        security = parse_security(device.security)
    except ValueError:
        return
    if keys.login(device.name) is not None and (security is None or not security.encrypts):
        text = f"{device.name} has a login, and a password goes over SignAndEncrypt only"
        yield Doubt(text, f"change its security, or run: daozha certs login {device.name} --forget", stops=True)


def _certificates(device: Device, keys: KeyFolder, now: datetime) -> Iterator[Doubt]:
    ours = keys.known()
    if ours is not None:
        yield from _dates(ours.certificate, "our own certificate", "run: daozha certs renew", now)
    trusted = [one.certificate for one in keys.trusted(device.name)]
    if not trusted:
        yield Doubt(f"no certificate of {device.name} is trusted yet", f"run: daozha certs trust {device.name}")
        return
    last = max(trusted, key=lambda certificate: certificate.not_valid_after_utc)
    what = f"the certificate {name_of(last)} of {device.name}"
    yield from _dates(last, what, "let the PLC make a new one, and trust that", now)


def _dates(certificate: x509.Certificate, what: str, remedy: str, now: datetime) -> Iterator[Doubt]:
    if trouble := trouble_with_dates(certificate, now):
        yield Doubt(f"{what} {trouble}", remedy, stops=True)
    elif ends_soon(certificate, now):
        yield Doubt(f"{what} ends in {days_left(certificate, now)} days", remedy)

"""Where a visitor comes from, for limits and for WeChat's H5: his own address, also behind the proxy that ends TLS."""

from ipaddress import IPv6Address, ip_address

from flask import request

_OF_ONE_LINE = 64
"""Bits that all addresses of one IPv6 line share: he has the rest to choose from."""


def address() -> str:
    """Give the address; a proxy on this machine is believed, and of what it says only what it added itself."""
    came = request.remote_addr or ""
    if not _is_loopback(came):
        return came
    told = ",".join(request.headers.getlist("X-Forwarded-For")).rpartition(",")[2].strip()
    return told if _is_address(told) else came


def seat() -> str:
    """Give what limits count by: the address, or the line of an IPv6 address."""
    found = address()
    if not _is_address(found) or not isinstance(whole := ip_address(found), IPv6Address):
        return found
    return f"{int(whole) >> (128 - _OF_ONE_LINE):x}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ip_address(text).is_loopback

"""Rules that tie several keys together. They read the raw values, so that other mistakes do not hide them."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from scada.check.cameras import (
    cameras_look_at_lanes,
    cameras_see_their_side,
    polygons_lie_in_the_picture,
    sources_make_sense,
)
from scada.check.database import two_servers_share_it
from scada.check.displays import displays_belong_somewhere
from scada.check.mistakes import Mistake
from scada.check.paying import deductions_are_named, scanners_stand_at_exits
from scada.check.reading import Reading
from scada.check.serving import LOOPBACK, nothing_open_leaves_this_machine, somebody_may_connect
from scada.check.sites import pages_lead_back, roles_from_afar
from scada.check.zones import lanes_lead_to_zones, zones_hold_together
from scada.model.tomllines import KeyPath
from scada.settings.lanes import LaneTiming

Rule = Callable[[Reading], Iterator[Mistake]]

_WEB = ("control", "public", "devices")


def rule_mistakes(reading: Reading) -> list[Mistake]:
    """Apply every rule."""
    return [mistake for rule in RULES for mistake in rule(reading)]


def is_virtual(reading: Reading) -> bool:
    """Say whether the file describes a virtual car park."""
    return reading.at("site", "virtual") is True


def _names_stand_once(reading: Reading) -> Iterator[Mistake]:
    for section in ("lanes", "cameras", "units", "displays", "boards", "plants"):
        seen: set[object] = set()
        for number in range(len(reading.tables(section))):
            name = reading.text(section, number, "name")
            if name in seen and name is not None:
                yield reading.mistake(
                    (section, number, "name"), f"{name!r} is named twice", "give it a name of its own"
                )
            seen.add(name)


def _ports_are_free_of_each_other(reading: Reading) -> Iterator[Mistake]:
    paths: list[KeyPath] = [("web", app, "port") for app in _WEB]
    paths += [("serve", "opcua", "port"), ("serve", "modbus", "port"), ("rooms", "port")]
    paths += [("plants", number, "port") for number in range(len(reading.tables("plants")))]
    paths += [("sim", "feed_port"), ("sim", "rtsp_port"), ("sim", "wechat_port")]
    fields = reading.at("sim", "field_ports")
    paths += [("sim", "field_ports", device) for device in fields] if isinstance(fields, dict) else []
    taken: dict[float, KeyPath] = {}
    for path in paths:
        port = reading.number(*path)
        if port is None:
            continue
        if port in taken:
            other = ".".join(str(part) for part in taken[port])
            yield reading.mistake(path, f"{port} is already the port of {other}", "choose another port")
        taken.setdefault(port, path)


def _cookies_stay_apart(reading: Reading) -> Iterator[Mistake]:
    """A cookie does not know ports: two applications on one host name would see each other's."""
    url = reading.text("web", "public", "url")
    host = urlsplit(url).hostname if url else None
    control = reading.at("web", "control", "host_names")
    if host and isinstance(control, list) and host in control:
        what = f"{host!r} is also a host name of web.control: browsers would send its cookie to the drivers' pages"
        yield reading.mistake(("web", "public", "url"), what, "give the two different host names")
    public = reading.at("web", "public", "host_names")
    if host and isinstance(public, list) and host not in public:
        what = f"{host!r} is not among web.public.host_names: every visit would be refused"
        yield reading.mistake(("web", "public", "url"), what, f"add {host!r} to web.public.host_names")


def _waits_follow_each_other(reading: Reading) -> Iterator[Mistake]:
    for number in range(len(reading.tables("lanes"))):
        for shorter, longer in _WAITS:
            low, high = _wait(reading, number, shorter), _wait(reading, number, longer)
            if low >= high:
                what = f"{shorter} is {low:g} s and {longer} {high:g} s"
                written = shorter if reading.at("lanes", number, "timing", shorter) is not None else longer
                path = ("lanes", number, "timing", written)
                yield reading.mistake(path, what, f"make {shorter} shorter than {longer}")


def _wait(reading: Reading, lane: int, name: str) -> float:
    written = reading.number("lanes", lane, "timing", name)
    default: float = LaneTiming.model_fields[name].default
    return default if written is None else written


_WAITS = (
    ("t_read_s", "t_help_s"),
    ("t_ack_s", "t_open_s"),
    ("t_open_s", "t_pass_s"),
    ("t_request_s", "t_quote_s"),
)
"""Pairs of waits of which the first must be the shorter one (`lanes.md` §5)."""


def _money_is_real_where_gates_are(reading: Reading) -> Iterator[Mistake]:
    base = reading.text("wechat", "base_url") or "https://api.mch.weixin.qq.com"
    host = urlsplit(base).hostname
    if is_virtual(reading) and host not in LOOPBACK:
        what = f"site.virtual is true, but WeChat is the real one at {host}"
        yield reading.mistake(("wechat", "base_url"), what, "point it at the simulator, or set site.virtual = false")
    if not is_virtual(reading) and host in LOOPBACK:
        what = "real gates, but WeChat is simulated on this machine: nobody would pay"
        yield reading.mistake(("wechat", "base_url"), what, 'write "https://api.mch.weixin.qq.com"')


def _addresses_are_safe_on_a_real_site(reading: Reading) -> Iterator[Mistake]:
    if is_virtual(reading):
        return
    for path in (("web", "public", "url"), ("wechat", "notify_url")):
        if (reading.text(*path) or "").startswith("http://"):
            yield reading.mistake(path, "is not https, though money passes there", "serve it behind TLS: https://…")


RULES: tuple[Rule, ...] = (
    _names_stand_once,
    cameras_look_at_lanes,
    cameras_see_their_side,
    zones_hold_together,
    lanes_lead_to_zones,
    _ports_are_free_of_each_other,
    _cookies_stay_apart,
    _waits_follow_each_other,
    _money_is_real_where_gates_are,
    _addresses_are_safe_on_a_real_site,
    sources_make_sense,
    polygons_lie_in_the_picture,
    displays_belong_somewhere,
    scanners_stand_at_exits,
    deductions_are_named,
    nothing_open_leaves_this_machine,
    somebody_may_connect,
    two_servers_share_it,
    pages_lead_back,
    roles_from_afar,
)

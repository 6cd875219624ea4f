"""What has to fit together about the cameras: lanes, sides, addresses, polygons."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading

_SCHEMES = ("rtsp", "rtsps", "http", "https")


def cameras_look_at_lanes(reading: Reading) -> Iterator[Mistake]:
    """See that every camera and every unit has a lane, and every lane a camera."""
    lanes = {lane.get("name") for lane in reading.tables("lanes")}
    looking = [(section, *one) for section in ("cameras", "units") for one in enumerate(reading.tables(section))]
    for section, number, eye in looking:
        lane = eye.get("lane")
        if isinstance(lane, str) and lane not in lanes:
            known = ", ".join(sorted(str(name) for name in lanes))
            yield reading.mistake((section, number, "lane"), f"{lane!r} is no lane", f"name one of: {known}")
    watched = {camera.get("lane") for camera in reading.tables("cameras")}
    for number, one in enumerate(reading.tables("lanes")):
        if one.get("name") not in watched:
            what = f"no camera looks at {one.get('name')!r}: no plate will be read there"
            yield reading.mistake(("lanes", number, "name"), what, "add a [[cameras]] for it", Severity.WARNING)


def cameras_see_their_side(reading: Reading) -> Iterator[Mistake]:
    """At a lane for both ways one camera must not read the car of the other side for the one that stands there."""
    leads = {lane.get("name"): lane.get("direction") for lane in reading.tables("lanes")}
    cameras = reading.tables("cameras")
    for number, camera in enumerate(cameras):
        lane, way = camera.get("lane"), camera.get("way")
        beside = sum(one.get("lane") == lane for one in cameras) > 1
        if leads.get(lane) == "both" and way is None and beside:
            what = f"{camera.get('name')!r} looks at both sides of {lane!r}, beside another camera"
            remedy = 'write way = "entry" or way = "exit"'
            yield reading.mistake(("cameras", number, "name"), what, remedy, Severity.WARNING)
        elif way is not None and leads.get(lane) in ({"entry", "exit"} - {way}):
            what = f"no car goes this way through {lane!r}"
            yield reading.mistake(("cameras", number, "way"), what, "leave it out", Severity.WARNING)


def sources_make_sense(reading: Reading) -> Iterator[Mistake]:
    """See that a camera's address can be one, and that its password does not stand there for everybody."""
    for number, camera in enumerate(reading.tables("cameras")):
        source = reading.text("cameras", number, "source") or ""
        scheme = source.partition("://")[0] if "://" in source else ""
        path = ("cameras", number, "source")
        host = _host(source)
        if scheme and scheme not in _SCHEMES:
            yield reading.mistake(path, f"{scheme}:// is no way to a camera", f"write one of: {', '.join(_SCHEMES)}")
        elif scheme and not host:
            yield reading.mistake(path, "the address names no host", f"write {scheme}://HOST/PATH")
        elif scheme and "@" in host:
            what, remedy = "its password can be read by whoever reads this file", "write user and password_file beside"
            yield reading.mistake(path, what, remedy, Severity.WARNING)
        if camera.get("transport") is not None and not scheme.startswith("rtsp"):
            path = ("cameras", number, "transport")
            yield reading.mistake(path, "only rtsp:// has a transport", "leave it out", Severity.WARNING)
        if camera.get("password_file") is not None and not camera.get("user"):
            path = ("cameras", number, "password_file")
            yield reading.mistake(path, "nobody knows whose password it is", 'write user = "…" beside it')


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def polygons_lie_in_the_picture(reading: Reading) -> Iterator[Mistake]:
    """See that a region encloses something, and that no corner lies outside the picture."""
    for number, camera in enumerate(reading.tables("cameras")):
        region = camera.get("region")
        if isinstance(region, list) and 0 < len(region) < 3:
            what = f"{len(region)} corners enclose nothing"
            yield reading.mistake(("cameras", number, "region"), what, "give three corners or more, or leave it out")
        for key in ("region", "perspective"):
            corners = camera.get(key)
            if isinstance(corners, list) and len(corners) > 2 and not all(_is_share(corner) for corner in corners):
                what = "a corner lies outside the picture"
                yield reading.mistake(("cameras", number, key), what, "write shares of width and height, 0 to 1")


def _is_share(corner: object) -> bool:
    if not isinstance(corner, list | tuple) or len(corner) != 2:
        return True
    return all(not isinstance(part, int | float) or 0 <= part <= 1 for part in corner)

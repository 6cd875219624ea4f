"""What can be wrong with `[rooms]` and `[[plants]]`: certificates, addresses, and links between pages."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading
from scada.clock import SystemClock
from scada.config import Config, ConfigError, load
from scada.model.tomllines import KeyPath
from scada.settings.sites import PlantElsewhere, Rooms
from scada.tls import TlsError, TlsFiles, context_of, look_at_own, shown_in

WARNED = timedelta(days=30)
_ISSUE = "daozha sites issue, and carry the folder there (docs/sites.md)"


def pages_lead_back(reading: Reading) -> Iterator[Mistake]:
    """Behind a proxy the pages of a plant elsewhere need to know where the wall is."""
    if reading.text("web", "control", "url") is None:
        for number in range(len(reading.tables("plants"))):
            if reading.text("plants", number, "url") is not None:
                what = "the pages there cannot lead back: web.control has no url"
                remedy = "add url = … to [web.control], as browsers reach it"
                yield reading.mistake(("plants", number, "url"), what, remedy, Severity.WARNING)


def roles_from_afar(reading: Reading) -> Iterator[Mistake]:
    """Whoever lets people in or sets lanes up from afar is a decision that should be seen."""
    rooms = reading.at("rooms", "allowed")
    for number in range(len(rooms) if isinstance(rooms, list) else 0):
        roles = reading.at("rooms", "allowed", number, "roles")
        if isinstance(roles, list) and "administrator" in roles:
            what = "administrators may work from there: whoever breaks into that room may be one"
            remedy = "leave it out, and let people in at the site"
            yield reading.mistake(("rooms", "allowed", number, "roles"), what, remedy, Severity.WARNING)


def certificates_can_be_shown(reading: Reading) -> Iterator[Mistake]:
    """Try the files of every door and every plant as they will be used."""
    if reading.at("rooms") is None and not reading.tables("plants"):
        return
    try:
        config = load(reading.file)
    except ConfigError:
        return
    seen: set[TlsFiles] = set()
    for path, of in _sides(config):
        files = config.tls_files(of)
        if files not in seen:
            seen.add(files)
            yield from _tried(reading, path, files, serves=isinstance(of, Rooms))


def _sides(config: Config) -> Iterator[tuple[KeyPath, Rooms | PlantElsewhere]]:
    if config.rooms is not None:
        yield ("rooms", "certificate_file"), config.rooms
    for number, plant in enumerate(config.plants):
        yield ("plants", number, "certificate_file"), plant


def _tried(reading: Reading, path: KeyPath, files: TlsFiles, *, serves: bool) -> Iterator[Mistake]:
    now = SystemClock().now()
    try:
        context_of(files, serves=serves)
        look_at_own(files, now.timestamp())
        left = _left(files.certificate)
    except TlsError as error:
        yield reading.mistake(path, str(error), _ISSUE)
        return
    if left < WARNED:
        what = f"{files.certificate} ends in {left.days} days"
        yield reading.mistake(path, what, _ISSUE, Severity.WARNING)


def _left(certificate: Path) -> timedelta:
    return shown_in(certificate).until - SystemClock().now()

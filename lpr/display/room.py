"""All displays and boards of a site: built from its configuration, told by their keepers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lpr.display.face import Face, Manner, Told, face, places
from lpr.display.keeper import DisplayKeeper, DisplayParts
from lpr.display.links import HttpLink, Link, SerialServerLink, TcpLink, UnitLink
from lpr.display.texts import Texts, TextsError, load_texts
from scada.clock import Clock
from scada.config import Config, ConfigError
from scada.engine.tags import TagTable
from scada.model.lane.commands import Message
from scada.model.lane.words import Direction
from scada.model.money import Fen
from scada.model.names import LaneName
from scada.model.tag import Quality, TagName
from scada.secretfile import read_secret
from scada.settings.displays import AnyDisplay, Board, Display

SCREEN = Manner(lines=12, languages=("zh", "en"), voice=None)
"""How a lane's page in a browser tells things: it has room for all."""

Shown = Callable[[LaneName, Direction | None], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class DisplayRoom:
    """The texts of a site and the keepers of its displays; `units` are the ways through recognition units."""

    config: Config
    texts: Texts
    tags: TagTable
    shown: Shown
    keepers: Sequence[DisplayKeeper]
    units: Mapping[str, UnitLink]

    def on_screen(self, lane: LaneName, way: Direction | None) -> dict[str, list[str]]:
        """Give the lines a lane shows now, by language, for its page in a browser."""
        told, free = _told(self.shown(lane, way)), _free(self.tags, self.config.zone_of(lane))
        languages = SCREEN.languages
        faces = {one: face(told, self.texts, Manner(SCREEN.lines, (one,), None), free) for one in languages}
        return {one: [line.text for line in faces[one].pages[0]] for one in languages}

    def frames(self, unit: str) -> Sequence[bytes]:
        """Give what waits for the display behind a unit."""
        return self.units[unit].take() if unit in self.units else ()


def build(config: Config, clock: Clock, tags: TagTable, shown: Shown) -> DisplayRoom:
    """Build what tells the displays; `shown` is what a lane tells now.

    Raises ConfigError for texts or keys it cannot use.
    """
    texts = _texts(config)
    links: dict[str, Link] = {told.name: _link(told, config.data) for told in (*config.displays, *config.boards)}
    keepers = [
        *(_of_lane(one, links[one.name], config, clock, tags, texts, shown) for one in config.displays),
        *(_of_zone(one, links[one.name], clock, tags, texts) for one in config.boards),
    ]
    units = {
        told.address.removeprefix("unit:"): link
        for told in (*config.displays, *config.boards)
        if isinstance(link := links[told.name], UnitLink)
    }
    return DisplayRoom(config, texts, tags, shown, keepers, units)


def _texts(config: Config) -> Texts:
    try:
        return load_texts(None if config.display_texts is None else config.folder / config.display_texts.file)
    except TextsError as error:
        raise ConfigError(f"texts of displays: {error}") from error


def _of_lane(
    display: Display, link: Link, config: Config, clock: Clock, tags: TagTable, texts: Texts, shown: Shown
) -> DisplayKeeper:
    lane, zone = LaneName(display.lane), config.zone_of(LaneName(display.lane))
    way = None if display.way is None else Direction(display.way)
    manner = Manner(display.lines, display.languages, display.voice)
    follows = [TagName(f"{lane}.{point}") for point in ("display", "lane.state", "lane.ways", "passage")]

    def now() -> Face:
        return face(_told(shown(lane, way)), texts, manner, _free(tags, zone))

    follows += [_free_tag(zone)] if _free_tag(zone) in tags else []
    return DisplayKeeper(display.name, link, DisplayParts(clock, tags, now, follows))


def _of_zone(board: Board, link: Link, clock: Clock, tags: TagTable, texts: Texts) -> DisplayKeeper:
    manner = Manner(board.lines, board.languages, None)

    def now() -> Face:
        return places(_free(tags, board.zone), texts, manner)

    follows = [_free_tag(board.zone)] if _free_tag(board.zone) in tags else []
    return DisplayKeeper(board.name, link, DisplayParts(clock, tags, now, follows))


def _free_tag(zone: str) -> TagName:
    return TagName(f"zone.{zone}.free")


def _free(tags: TagTable, zone: str) -> int | None:
    """Give the free places of a zone; None where nobody counts them, or the count is not to be trusted."""
    name = _free_tag(zone)
    if name not in tags:
        return None
    value = tags.get(name)
    return value.value if value.quality is Quality.GOOD and isinstance(value.value, int) else None


def _told(shown: Mapping[str, object]) -> Told:
    due, minutes = shown.get("due_fen"), shown.get("minutes")
    return Told(
        message=Message(str(shown["message"])),
        plate=str(shown.get("plate") or ""),
        due_fen=Fen(due) if isinstance(due, int) else None,
        minutes=minutes if isinstance(minutes, int) else None,
        qr=str(shown.get("qr") or ""),
        older_fen=_fen(shown.get("older_fen")),
        owes_fen=_fen(shown.get("owes_fen")),
        code=str(shown.get("claim_code") or ""),
    )


def _fen(value: object) -> Fen:
    return Fen(value) if isinstance(value, int) else Fen(0)


def _link(told: AnyDisplay, data: Path) -> Link:
    if told.scheme == "unit":
        return UnitLink()
    key = b"" if told.key_file is None else _key(data / told.key_file, told.name)
    if told.scheme == "http":
        return HttpLink(told.address, key)
    parts = urlsplit(told.address)
    host, port = str(parts.hostname), int(parts.port or 0)
    return TcpLink(host, port, key) if told.kind == "daozha" else SerialServerLink(host, port)


def _key(path: Path, display: str) -> bytes:
    try:
        return read_secret(path).encode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"key of display {display}: {error}") from error

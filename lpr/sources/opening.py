"""Opens whatever the configuration names as a camera."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from lpr.source import Access, Source, SourceError
from lpr.sources.files import FileSource, FolderSource, pictures_in
from lpr.sources.stills import open_http
from lpr.sources.video import DeviceSource, StreamSource
from scada.clock import Clock
from scada.secretfile import read_secret

DEVICES = "/dev/video"


def opener(user: str, password: Path | None, clock: Clock) -> Callable[[str], Source]:
    """Give the way to open sources as this user; the file of the password is read each time, it may have changed."""

    def open_it(address: str) -> Source:
        return open_source(address, Access(user, "" if password is None else _read(password)), clock)

    return open_it


def open_source(address: str, access: Access, clock: Clock) -> Source:
    """Open a source. Raises SourceError if it does not open now."""
    try:
        address, access = parted(address, access)
        return _open(address, access, clock)
    except ValueError as error:
        raise SourceError("its address makes no sense") from error


def parted(address: str, access: Access) -> tuple[str, Access]:
    """Take a user's name and password out of an address; who is named beside it comes first."""
    parts = urlsplit(address)
    if "://" not in address or "@" not in parts.netloc:
        return address, access
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, access if access.user else Access(unquote(parts.username or ""), unquote(parts.password or ""))


def _read(password: Path) -> str:
    try:
        return read_secret(password)
    except PermissionError as error:
        raise SourceError(f"the file of its password: {error.strerror}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError("the file of its password cannot be read") from error


def _open(address: str, access: Access, clock: Clock) -> Source:
    scheme = urlsplit(address).scheme
    if scheme in ("http", "https"):
        return open_http(address, access, clock)
    if scheme in ("rtsp", "rtsps"):
        return StreamSource(address, access)
    if address.startswith(DEVICES):
        return DeviceSource(address)
    path = Path(address)
    if path.is_dir():
        return FolderSource(pictures_in(path))
    if not path.is_file():
        raise SourceError("no such file or folder")
    return FileSource(path, clock)

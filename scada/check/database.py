"""Where the tables are: whether the URL of PostgreSQL can be used, and, online, whether its server is fit for money."""

from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy import inspect, make_url, text

from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading
from scada.config import ConfigError, data_folder, joined
from scada.settings.stores import DatabaseKeys
from scada.store.db import StoreError, connected, writing_engine
from scada.store.sql.place import file_url, read_url

KEY = ("database", "url_file")
_HERE = ("", "localhost", "127.0.0.1", "::1")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_LEAST = 130_000
_FACTS = text(
    "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,"
    " current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby,"
    " current_setting('fsync') AS fsync, current_setting('full_page_writes') AS whole_pages,"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_make"
)


class Unfit(Exception):
    """A server that answers, and cannot keep a site's tables."""


def url_of(reading: Reading) -> str:
    """Give the URL of the site's database, as far as the file says it rightly. Raises ConfigError."""
    data = data_folder(
        reading.file.resolve().parent, reading.text("site", "id") or "site", reading.text("site", "data")
    )
    written = reading.at("database")
    try:
        keys = DatabaseKeys.model_validate(written if isinstance(written, dict) else {})
    except ValidationError as error:
        raise ConfigError(f"[database] has {error.error_count()} mistakes") from error
    return file_url(data) if keys.url_file is None else read_url(joined(data, keys.url_file), keys)


def database_can_be_named(reading: Reading) -> Iterator[Mistake]:
    """See that the URL is there, ours alone, and one of PostgreSQL; and that its password is not sent in the open."""
    if reading.text(*KEY) is None:
        return
    try:
        url = make_url(url_of(reading))
        writing_engine(url.render_as_string(hide_password=False)).dispose()
    except (ConfigError, StoreError) as error:
        yield reading.mistake(KEY, str(error), "see docs/database.md")
        return
    if (url.host or "") not in _HERE and url.query.get("sslmode") not in _ENCRYPTED:
        what = f"the way to {url.host} may not be encrypted"
        remedy = 'write ssl = "verify-full", with sslrootcert in the URL (docs/database.md)'
        yield reading.mistake(KEY, what, remedy, Severity.WARNING)


def two_servers_share_it(reading: Reading) -> Iterator[Mistake]:
    """A standby follows by PostgreSQL only: SQLite's file is on one machine, and dies with it."""
    if reading.at("standby") is not None and reading.text(*KEY) is None:
        what = "two servers need one PostgreSQL: SQLite's file lies on one of them"
        yield reading.mistake(("standby",), what, "write [database] url_file, or take [standby] out (docs/standby.md)")


def fitness(url: str) -> str:
    """Look at a server; give what it is. Raises Unfit and StoreError."""
    with connected(url) as connection:
        facts = connection.execute(_FACTS).one()
        wrong = {
            f"it is PostgreSQL {facts.version}, and daozha needs 13 or later": facts.number < _LEAST,
            f"its encoding is {facts.encoding}: create the database with ENCODING 'UTF8'": facts.encoding != "UTF8",
            "it is a standby, which only reads": facts.standby,
            "fsync is off: a power cut would lose payments": facts.fsync != "on",
            "full_page_writes is off: a power cut would spoil tables": facts.whole_pages != "on",
            f"{make_url(url).username} may not make tables in it: make this user its owner": not facts.may_make,
        }
        for what in (what for what, is_so in wrong.items() if is_so):
            raise Unfit(what)
        tables = "its tables are there" if inspect(connection).has_table("journal") else "it has no tables yet"
    return f"PostgreSQL {facts.version}; {tables}"

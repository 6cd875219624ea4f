"""Where a site's tables are: a SQLite file in its data folder, or the PostgreSQL database of a URL in a secret file."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from scada.config import Config, ConfigError
from scada.hushed import keep_secret
from scada.secretfile import read_secret
from scada.settings.stores import DatabaseKeys

FILE = "daozha.db"
REMEDY = "write postgresql://USER:PASSWORD@HOST/DATABASE"


def database_url(config: Config) -> str:
    """Give the URL of a site's database, its limits included. Raises ConfigError where its file cannot be used."""
    keys = config.database
    if keys.url_file is None:
        return file_url(config.data)
    return read_url(config.secret(keys.url_file), keys)


def file_url(data: Path) -> str:
    """Give the URL of the SQLite file in a data folder."""
    return URL.create("sqlite", database=str(data / FILE)).render_as_string(hide_password=False)


def read_url(file: Path, keys: DatabaseKeys) -> str:
    """Read the URL of a PostgreSQL database; what it says of limits and ssl stands above the configuration's."""
    try:
        url = make_url(read_secret(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"{file}: no URL; {REMEDY}") from error
    if url.password:
        keep_secret(str(url.password))
    if url.get_backend_name() != "postgresql" or not url.database:
        raise ConfigError(f"{file}: not the URL of a PostgreSQL database; {REMEDY}")
    return _limited(url, keys).render_as_string(hide_password=False)


def _limited(url: URL, keys: DatabaseKeys) -> URL:
    from scada.store.sql import postgres

    ours = {
        "connect_timeout": str(keys.connect_s),
        "options": postgres.limits(keys.lock_s, keys.statement_s),
    } | ({"sslmode": keys.ssl} if keys.ssl else {})
    missing = {name: value for name, value in ours.items() if name not in url.query}
    return url.set(drivername="postgresql+psycopg").update_query_dict(missing)

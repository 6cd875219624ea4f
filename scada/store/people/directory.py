"""A directory (LDAP): whether a name and a password are right there, and which role the person's groups give.

The person's own password binds, and the bound person reads the own entry: no account of ours lies in the directory.
It is always over TLS with the certificate checked; no referral is followed, every step has a limit. What stands in a DN
or a filter is escaped. A bind without a password would succeed as nobody (RFC 4513, 5.1.2), so that none is ever tried.
"""

import ssl
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from ldap3 import BASE, NONE, SIMPLE, SUBTREE, Connection, Server, Tls  # type: ignore[import-untyped]
from ldap3.core.exceptions import LDAPException  # type: ignore[import-untyped]
from ldap3.utils.conv import escape_filter_chars  # type: ignore[import-untyped]
from ldap3.utils.dn import escape_rdn, parse_dn  # type: ignore[import-untyped]

from scada.config import Config
from scada.settings.identity import Ldap
from scada.store.people.elsewhere import DirectoryError, Entry, NotAdmitted

LONGEST_NAME: Final = 64
LONGEST_PASSWORD: Final = 256
_MOST_GROUPS: Final = 500
_LONGEST_ID: Final = 128
_WRONG_PASSWORD: Final = 49
"""invalidCredentials; also for an account that is locked or unknown there."""
_NO_SUCH: Final = 32
_NOT_IN_A_LOGIN: Final = frozenset('@\\/:*?"<>|,;=+')
_NO_NAME: Final = frozenset("/")

log = structlog.get_logger(__name__)


class Directory:
    """One directory; safe from any thread, each question on a connection of its own. Every method blocks."""

    def __init__(self, settings: Ldap, ca_file: str | None) -> None:
        self._settings = settings
        parts = urlsplit(settings.url)
        self._is_tls = parts.scheme == "ldaps"
        self._host, self._port = parts.hostname or "", parts.port or (636 if self._is_tls else 389)
        self._ca_file = ca_file

    def enter(self, name: str, password: str) -> Entry | None:
        """Try a name and a password; none if they are wrong. Raises NotAdmitted or DirectoryError."""
        if not self._can_be_tried(name, password):
            return None
        dn = self._settings.user.replace("{name}", escape_rdn(name) if self._settings.binds_by_dn else name)
        try:
            with self._opened(dn, password) as link:
                if not self._binds(link):
                    return None
                return self._entry(link, name, dn)
        except (NotAdmitted, DirectoryError):
            raise
        except Exception as error:  # what a senseless answer makes of ldap3 has no family
            raise DirectoryError(f"{self._settings.url}: {_words(error)}") from error

    def reach(self) -> str:
        """Connect over TLS, and say so; nobody binds. Raises DirectoryError."""
        try:
            with self._opened("", ""):
                return "answers over TLS, and its certificate is good"
        except DirectoryError:
            raise
        except Exception as error:  # as in `enter`
            raise DirectoryError(_words(error)) from error

    def _can_be_tried(self, name: str, password: str) -> bool:
        """Refuse an empty password, and names that could be read as something else."""
        good = (
            1 <= len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip() and not set(name) & _NO_NAME
        )
        if not self._settings.binds_by_dn and set(name) & _NOT_IN_A_LOGIN:
            return False
        return good and 1 <= len(password) <= LONGEST_PASSWORD and "\0" not in password

    def _opened(self, user: str, password: str) -> "_Link":
        limit_s = self._settings.within_s
        tls = _Checked(self._ca_file, limit_s)
        server = Server(self._host, self._port, use_ssl=self._is_tls, tls=tls, get_info=NONE, connect_timeout=limit_s)
        connection = Connection(
            server,
            user=user or None,
            password=password or None,
            authentication=SIMPLE if user else None,
            auto_referrals=False,
            receive_timeout=ceil(limit_s),  # the library packs it as a whole number
            read_only=True,
            check_names=False,
            raise_exceptions=False,
        )
        return _Link(connection, starts_tls=not self._is_tls)

    def _binds(self, link: "_Link") -> bool:
        link.connection.bind(read_server_info=False)
        code = link.connection.result["result"]
        if code not in (0, _WRONG_PASSWORD):
            raise DirectoryError(f"{self._settings.url}: bind: {link.connection.result['description']}")
        return bool(code == 0 and link.connection.bound)

    def _entry(self, link: "_Link", name: str, dn: str) -> Entry:
        settings = self._settings
        wanted = [settings.name_attribute, settings.groups_attribute, settings.id_attribute]
        if settings.binds_by_dn:
            found = link.search(dn, "(objectClass=*)", BASE, wanted)
        else:
            words = {"login": dn, "name": name}
            found = link.search(settings.base, _filled(settings.person, words), SUBTREE, wanted)
        if len(found) != 1:
            raise NotAdmitted("the directory shows no entry of this person, or several")
        own_dn, attributes = found[0]
        true_name = next((one for one in _texts(attributes, settings.name_attribute) if _same(one, name)), None)
        if true_name is None:
            raise NotAdmitted(f"{settings.name_attribute} of the entry is not this name")
        subject = next(iter(_texts(attributes, settings.id_attribute)), "")
        if not subject:
            raise NotAdmitted(f"the entry shows no {settings.id_attribute}")
        return Entry(true_name, self._role(self._groups(link, own_dn, true_name, attributes)), subject[:_LONGEST_ID])

    def _groups(self, link: "_Link", dn: str, name: str, attributes: Mapping[str, Any]) -> list[str]:
        settings = self._settings
        if not settings.groups_base:
            return _texts(attributes, settings.groups_attribute)
        words = {"dn": dn, "name": name}
        found = link.search(settings.groups_base, _filled(settings.groups, words), SUBTREE, ["cn"], most=_MOST_GROUPS)
        return [group for group, _ in found]

    def _role(self, groups: Sequence[str]) -> str:
        held = {alias for group in groups for alias in _aliases(group)}
        for group, role in self._settings.roles.items():
            if group.casefold() in held or _plain_dn(group) in held:
                return role
        raise NotAdmitted("none of the groups has a role here")


class _Checked(Tls):  # type: ignore[misc]
    """TLS as Python checks it: a good chain, and the name of the host. The library's own check of the name is old."""

    def __init__(self, ca_file: str | None, limit_s: float) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED, ca_certs_file=ca_file)
        self._context = ssl.create_default_context(cafile=ca_file)
        self._limit_s = limit_s

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Begin TLS at once, within the limit; a handshake that fails closes the socket."""
        plain = connection.socket
        plain.settimeout(self._limit_s)
        connection.socket = self._context.wrap_socket(plain, server_hostname=connection.server.host)


class _Link:
    """A connection while it is open."""

    def __init__(self, connection: Connection, *, starts_tls: bool) -> None:
        self.connection: Any = connection
        self._starts_tls = starts_tls

    def __enter__(self) -> "_Link":
        """Open it, over TLS before anything is said. Raises LDAPException."""
        try:
            self.connection.open(read_server_info=False)
            if self._starts_tls and not self.connection.start_tls(read_server_info=False):
                raise DirectoryError(f"it does not begin TLS: {self.connection.result['description']}")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        """Close it, whatever comes."""
        self._close()

    def _close(self) -> None:
        """Take leave; the library leaves the socket of a link that broke to the collector."""
        held = self.connection.socket
        try:
            self.connection.unbind()
        except Exception as error:  # noqa: BLE001 - as in `enter`; the link is over in any case
            log.debug("a directory's link was not closed", why=repr(error))
        finally:
            if held is not None:
                held.close()

    def search(
        self, base: str, wanted: str, scope: str, attributes: Sequence[str], most: int = 2
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """Give entries, at most so many; what refers elsewhere is no entry. Raises DirectoryError."""
        self.connection.search(base, wanted, scope, attributes=list(attributes), size_limit=most, time_limit=5)
        result = self.connection.result
        if result["result"] not in (0, _NO_SUCH):
            raise DirectoryError(f"search: {result['description']}")
        rows = [row for row in self.connection.response or [] if row.get("type") == "searchResEntry"]
        return [(str(row["dn"]), row["attributes"]) for row in rows]


def _filled(template: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        template = template.replace(f"{{{word}}}", escape_filter_chars(value))
    return template


def _texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    """Give an attribute's values as texts; names of attributes differ in their letters' size only."""
    found: Any = next((value for key, value in attributes.items() if key.casefold() == name.casefold()), [])
    values = found if isinstance(found, list) else [found]
    return [_text(value) for value in values]


def _text(value: object) -> str:
    """Give a value as text; what is none, as the number of an object of Active Directory, in hexadecimal."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()


def _aliases(group: str) -> set[str]:
    """Give a group by its DN, and by the value of its first name."""
    try:
        first = parse_dn(group, strip=True)[0][1]
    except (LDAPException, IndexError):
        return {group.casefold()}
    return {_plain_dn(group), str(first).casefold()}


def _plain_dn(dn: str) -> str:
    """Write a DN as others write it too: small letters, no blanks between its parts."""
    try:
        return ",".join(f"{key.strip()}={value.strip()}".casefold() for key, value, _ in parse_dn(dn, strip=True))
    except LDAPException:
        return dn.casefold()


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]


def directory_of(config: Config) -> Directory:
    """Build the directory of a site that has one."""
    assert config.ldap is not None, "asked for only where there is one"  # noqa: S101
    ca_file = config.ldap.ca_file
    return Directory(config.ldap, None if ca_file is None else str(config.secret(ca_file)))

"""Where people's names and passwords are tried who have none here, without the library by which it is done."""

from dataclasses import dataclass
from typing import Final, Protocol

ORIGIN: Final = "ldap"
"""Who vouches for people who sign in with a directory's name and password."""
AWAY: Final = "the directory does not answer: sign in with a password of this site"


class DirectoryError(Exception):
    """The directory did not answer, or not as it should."""


class NotAdmitted(Exception):
    """The password is right, and the directory gives the person no role here; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A person of the directory: the name as it is written there, and the role that the groups give here.

    `subject` stays the same when the name changes, and is nobody else's when the name is given away.
    """

    name: str
    role: str
    subject: str


class Directory(Protocol):
    """A directory, as far as signing in needs it."""

    def enter(self, name: str, password: str) -> Entry | None:
        """Try a name and a password, none if they are wrong; blocks. Raises NotAdmitted or DirectoryError."""

"""Who is signed in: kept here, in memory, so that a copied cookie is worth nothing after sign-out."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from scada.model.rights import may

IDLE_S = 15 * 60.0
"""Unused this long, a session may only look; the next command asks for the password."""
ABSOLUTE_S = 12 * 3600.0
FRESH_S = 5 * 60.0
"""So old a password may be for what is dangerous."""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one person at one screen. Times are monotonic seconds."""

    key: str
    name: str
    role: str
    must_change: bool
    began_s: float
    used_s: float
    password_s: float
    token: str = ""
    """The token by which a program acts in the person's name; its `rights` are all that it may."""
    rights: frozenset[str] = frozenset()

    def may(self, right: str) -> bool:
        """Say whether the person's role has a right, as far as pages are concerned; the plant checks again."""
        return may(self.role, right) and (not self.token or right in self.rights)

    @property
    def may_command(self) -> bool:
        """Say whether the person's role lets them act on a lane."""
        return self.may("open_gate")

    @property
    def may_sit(self) -> bool:
        """Say whether the person's role lets them sit at the desk and take cases."""
        return self.may("take_desk_case")

    @property
    def may_repair(self) -> bool:
        """Say whether the person's role lets them test a lane."""
        return self.may("test_opening")

    @property
    def may_take_cash(self) -> bool:
        """Say whether the person's role lets them take cash."""
        return self.may("take_cash")

    @property
    def may_keep_money(self) -> bool:
        """Say whether the person's role lets them answer for money."""
        return self.may("move_safe")

    @property
    def may_book(self) -> bool:
        """Say whether the person's role lets them announce visitors."""
        return self.may("book_visitor")

    @property
    def may_see_money(self) -> bool:
        """Say whether the person's role lets them see what money moved."""
        return self.may("statement")

    @property
    def may_see_reports(self) -> bool:
        """Say whether the person's role lets them make reports."""
        return self.may("make_report")

    @property
    def may_see_settings(self) -> bool:
        """Say whether the person's role lets them see what is set, and what people did."""
        return self.may("audit")

    @property
    def may_answer_alarms(self) -> bool:
        """Say whether the person's role lets them acknowledge, shelve and silence alarms."""
        return self.may("acknowledge_alarms")

    @property
    def may_force(self) -> bool:
        """Say whether the person's role lets them force and write tags."""
        return self.may("force_tag")


class Registry:
    """All sessions of this process; safe from any thread."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def open(self, name: str, role: str, must_change: bool) -> Session:
        """Begin a session under a new random key."""
        now = self._seconds()
        session = Session(secrets.token_hex(32), name, role, must_change, now, now, now)
        with self._lock:
            self._drop_old(now)
            self._sessions[session.key] = session
        return session

    def get(self, key: str | None) -> Session | None:
        """Give a session that is still good for looking."""
        with self._lock:
            self._drop_old(self._seconds())
            return self._sessions.get(key or "")

    def is_idle(self, session: Session) -> bool:
        """Say whether nobody has used the screen for so long that it may only show."""
        return self._seconds() - session.used_s > IDLE_S

    def used(self, session: Session) -> None:
        """Note that the person is there; a session already idle stays idle."""
        if not self.is_idle(session):
            self._replace(replace(session, used_s=self._seconds()))

    def for_token(self, token: str, name: str, role: str, rights: frozenset[str]) -> Session:
        """Give what stands for a program's request; it is kept nowhere."""
        now = self._seconds()
        return Session(
            "", name, role, must_change=False, began_s=now, used_s=now, password_s=now, token=token, rights=rights
        )

    def is_fresh(self, session: Session) -> bool:
        """Say whether the password was given so lately that a dangerous thing may be done."""
        return self._seconds() - session.password_s <= FRESH_S

    def password_given(self, session: Session) -> None:
        """Note that the person has given the password anew."""
        now = self._seconds()
        self._replace(replace(session, used_s=now, password_s=now))

    def all(self) -> list[tuple[Session, float, float]]:
        """Give all sessions: each with how long ago it began, and how long it has not been used."""
        with self._lock:
            now = self._seconds()
            self._drop_old(now)
            return [(one, now - one.began_s, now - one.used_s) for one in self._sessions.values()]

    def close_all_of(self, name: str) -> int:
        """End every session of a person; says how many."""
        with self._lock:
            gone = [key for key, one in self._sessions.items() if one.name == name]
            for key in gone:
                del self._sessions[key]
        return len(gone)

    def password_changed(self, session: Session) -> None:
        """Let the session do what it may, now that its password is its owner's; end the others of that name."""
        with self._lock:
            others = [key for key, one in self._sessions.items() if one.name == session.name and key != session.key]
            for key in others:
                del self._sessions[key]
        self._replace(replace(session, must_change=False))

    def close(self, key: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(key, None)

    def _replace(self, session: Session) -> None:
        with self._lock:
            if session.key in self._sessions:
                self._sessions[session.key] = session

    def _drop_old(self, now: float) -> None:
        for key in [key for key, session in self._sessions.items() if now - session.began_s > ABSOLUTE_S]:
            del self._sessions[key]

"""Signing in with a directory's name and password: a real slapd over TLS, and the real check at the plant."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from scada.bridge import Refused
from scada.check.online import reach_all
from scada.clock import VirtualClock
from scada.settings.identity import Ldap
from scada.store import operators as operators_module
from scada.store.db import Database
from scada.store.operators import Operators, PasswordRefused, SignedIn, SignInRefused
from scada.store.people.directory import Directory
from scada.store.people.elsewhere import AWAY, DirectoryError, NotAdmitted
from scada.store.schema import journal, operator
from tests.support.directory import BASE, GROUPS, ODD, PASSWORD, PEOPLE, Slapd, certificates, slapd
from tests.support.hmi import ROOT
from tests.support.hmi_pages import ControlRoom, form_token, shipped
from tests.support.store import SITE, START, open_database

OWN = "the gate of my own is shut"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("ldap")) as running:
        yield running


def directory(there: Slapd, **more: object) -> Directory:
    return Directory(there.settings(**more), str(there.ca_file))


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as opened:
        yield opened


def people_of(db: Database, found: Directory | None, clock: VirtualClock | None = None) -> Operators:
    return Operators(db, SITE, clock or VirtualClock(START), found)


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)


# --- the directory itself ---


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("chen", ("chen", "operator")),
        ("CHEN", ("chen", "operator")),
        ("wu", ("wu", "administrator")),
        (ODD, (ODD, "operator")),
    ],
)
def test_a_right_password_gives_the_name_and_the_first_role_that_fits(
    there: Slapd, name: str, entry: tuple[str, str]
) -> None:
    found = directory(there).enter(name, PASSWORD)
    assert found is not None
    assert (found.name, found.role) == entry
    assert len(found.subject) == 36


def test_starttls_comes_before_anything_is_said(there: Slapd) -> None:
    found = directory(there, url=f"ldap://localhost:{there.port}").enter("chen", PASSWORD)
    assert found == directory(there).enter("chen", PASSWORD)
    assert found is not None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("chen", "wrong"),
        ("nobody", PASSWORD),
        ("chen", ""),
        ("", PASSWORD),
        ("", ""),
        ("*", PASSWORD),
        ("chen)(uid=*", PASSWORD),
        (f"chen,{PEOPLE}", PASSWORD),
        ("chen+cn=x", PASSWORD),
        (" chen", PASSWORD),
        ("chen\0", PASSWORD),
        ("chen", "x" * 257),
    ],
)
def test_nobody_gets_in_by_anything_else(there: Slapd, name: str, password: str) -> None:
    assert directory(there).enter(name, password) is None


def test_a_bind_without_a_password_is_never_tried(there: Slapd) -> None:
    nowhere = directory(there, url="ldaps://localhost:1")
    assert nowhere.enter("chen", "") is None
    with pytest.raises(DirectoryError):
        nowhere.enter("chen", PASSWORD)


@pytest.mark.parametrize("name", ["guest", "zhao"])
def test_who_has_no_group_of_ours_has_no_role_here(there: Slapd, name: str) -> None:
    with pytest.raises(NotAdmitted, match="none of the groups"):
        directory(there).enter(name, PASSWORD)


def test_groups_that_the_entry_names_are_found_too(there: Slapd) -> None:
    there.modify(f"dn: cn=kitchen,{GROUPS}\nchangetype: modify\nadd: member\nmember: uid=zhao,{PEOPLE}\n")
    named = directory(there, groups_base="", roles={"kitchen": "auditor"})
    found = named.enter("zhao", PASSWORD)
    assert found is not None
    assert found.role == "auditor"


def test_a_login_that_is_no_dn_finds_its_entry(there: Slapd) -> None:
    """Stands for Active Directory, which binds by a login: slapd does not, so that the bind is refused."""
    by_login = directory(there, user="{name}@park.test", base=BASE, person="(mail={login})")
    for name in ("chen@evil.test", "PARK\\chen", "chen)(mail=*"):
        assert by_login.enter(name, PASSWORD) is None
    with pytest.raises(DirectoryError, match="invalidDNSyntax"):
        by_login.enter("chen", PASSWORD)


def test_a_referral_is_not_followed(there: Slapd) -> None:
    below = directory(there, groups_base=f"ou=elsewhere,{BASE}")
    with pytest.raises(DirectoryError, match="referral"):
        below.enter("chen", PASSWORD)


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_a_certificate_of_a_stranger_or_for_another_host_is_not_believed(
    there: Slapd, tmp_path: Path, scheme: str
) -> None:
    url = f"{scheme}://localhost:{there.tls_port if scheme == 'ldaps' else there.port}"
    stranger = Directory(there.settings(url=url), str(certificates(tmp_path)))
    with pytest.raises(DirectoryError):
        stranger.enter("chen", PASSWORD)
    elsewhere = Directory(there.settings(url=url.replace("localhost", "localhost.localdomain")), str(there.ca_file))
    with pytest.raises(DirectoryError):
        elsewhere.enter("chen", PASSWORD)


def test_a_directory_that_says_nothing_is_waited_for_no_longer_than_its_limit(there: Slapd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = directory(there, url=f"ldap://127.0.0.1:{silent.getsockname()[1]}", within_s=0.5)
        with pytest.raises(DirectoryError):
            mute.enter("chen", PASSWORD)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"url": "http://directory"}, "url"),
        ({"url": "ldaps://u:p@directory"}, "url"),
        ({"url": "ldaps://directory:port"}, "like ldaps://"),
        ({"user": f"uid=chen,{PEOPLE}"}, "where the person's name goes"),
        ({"user": "{name}@park.test"}, "below which DN"),
        ({"roles": {}}, "nobody gets in"),
        ({"roles": {"x": "system"}}, "roles"),
    ],
)
def test_a_mistake_in_the_section_says_what_to_write(there: Slapd, changed: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Ldap.model_validate({**there.settings().model_dump(), **changed})


# --- at the plant ---


async def test_whoever_the_directory_knows_gets_an_account_and_the_role_of_today(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there))
    assert await people.sign_in("Wu", PASSWORD, "192.0.2.7") == SignedIn("wu", "administrator", must_change=False)
    assert await people.role_of("wu") == "administrator"
    less = people_of(db, directory(there, roles={"parking-admins": "auditor"}))
    assert await less.sign_in("wu", PASSWORD) == SignedIn("wu", "auditor", must_change=False)
    rows = await db.read(lambda conn: conn.execute(select(journal.c.actor, journal.c.what).order_by(journal.c.n)).all())
    assert [tuple(row) for row in rows] == [
        ("ldap", "operator_added"), ("wu", "signed_in"), ("ldap", "role_changed"), ("wu", "signed_in"),
    ]  # fmt: skip
    kept = await db.read(lambda conn: conn.execute(select(operator)).mappings().one())
    assert (kept["origin"], PASSWORD in kept["password_hash"]) == ("ldap", False)


async def test_an_account_of_this_site_is_asked_for_here_only(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there))
    await people.add("chen", "manager", OWN, must_change=False)
    assert isinstance(await people.sign_in("chen", PASSWORD), SignInRefused)
    assert await people.sign_in("CHEN", PASSWORD) == SignInRefused("the name is taken here")
    assert await people.sign_in("chen", OWN) == SignedIn("chen", "manager", must_change=False)


async def test_a_directory_that_is_away_keeps_nobody_of_this_site_out(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there, url="ldaps://localhost:1"))
    await people.add("li", "administrator", OWN, must_change=False)
    for _ in range(8):
        assert await people.sign_in("chen", PASSWORD, "192.0.2.7") == SignInRefused(AWAY)
    assert await people.sign_in("li", OWN, "192.0.2.7") == SignedIn("li", "administrator", must_change=False)


async def test_guessing_is_slowed_as_it_is_for_accounts_of_this_site(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there))
    for number in range(5):
        found = await people.sign_in("chen", f"wrong {number}", "192.0.2.7")
        assert found == SignInRefused("the name or the password is wrong")
    found = await people.sign_in("chen", PASSWORD, "192.0.2.7")
    assert isinstance(found, SignInRefused)
    assert found.why.startswith("too many")


async def test_whoever_is_locked_here_stays_out(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there))
    await people.sign_in("chen", PASSWORD)
    await people.lock("chen", True, "li", "left")
    assert await people.sign_in("chen", PASSWORD) == SignInRefused("the account is locked")
    assert not await people.may_now("chen", "open_gate")


async def test_a_person_of_the_directory_confirms_and_vouches_by_that_password(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there))
    await people.sign_in("chen", PASSWORD)
    assert await people.own_password("chen", PASSWORD)
    assert not await people.own_password("chen", "wrong")
    assert await people.vouch("wu", PASSWORD, "chen") == SignedIn("wu", "administrator", must_change=False)


async def test_there_is_no_password_of_this_site_to_be_changed(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there))
    await people.sign_in("chen", PASSWORD)
    assert await people.change_password("chen", PASSWORD, OWN) == PasswordRefused("the person signs in elsewhere")


async def test_another_system_is_never_looked_for_in_the_directory(there: Slapd, db: Database) -> None:
    people = people_of(db, directory(there))
    assert isinstance(await people.let_in("chen", PASSWORD, "192.0.2.7"), SignInRefused)
    assert await people.role_of("chen") == ""


async def test_a_name_that_was_given_to_somebody_else_is_another_person(there: Slapd, db: Database) -> None:
    there.add_person("ren")
    people = people_of(db, directory(there))
    assert isinstance(await people.sign_in("ren", PASSWORD), SignedIn)
    there.modify(f"dn: uid=ren,{PEOPLE}\nchangetype: modrdn\nnewrdn: uid=renamed\ndeleteoldrdn: 1\n")
    there.modify(f"dn: cn=parking-operators,{GROUPS}\nchangetype: modify\nadd: member\nmember: uid=renamed,{PEOPLE}\n")
    assert await people.sign_in("renamed", PASSWORD) == SignedIn("ren", "operator", must_change=False)
    assert await people.vouch("renamed", PASSWORD, "ren") == SignInRefused("the second person must be another one")
    there.add_person("ren")
    assert await people.sign_in("ren", PASSWORD) == SignInRefused("the name is taken here")
    assert not await people.own_password("ren", PASSWORD)


async def test_without_a_directory_nothing_is_asked(db: Database) -> None:
    assert isinstance(await people_of(db, None).sign_in("chen", PASSWORD), SignInRefused)


async def test_check_online_goes_there_over_tls(there: Slapd) -> None:
    site = await asyncio.to_thread(shipped)
    config = site.model_copy(update={"ldap": there.settings(ca_file=str(there.ca_file)), "cameras": ()})
    reached, _ = await asyncio.to_thread(reach_all, config, ROOT / "config.toml")
    assert [one.answer for one in reached if one.name == "directory"] == [
        "answers over TLS, and its certificate is good"
    ]
    away = config.model_copy(update={"ldap": there.settings(url="ldaps://localhost:1")})
    _, mistakes = await asyncio.to_thread(reach_all, away, ROOT / "config.toml")
    assert any("directory at ldaps://localhost:1" in one.what for one in mistakes)


@pytest.mark.parametrize(
    ("why", "status", "words"),
    [
        (AWAY, 503, "The directory does not answer. Sign in with a password of this site."),
        ("none of the groups has a role here", 403, "You are not let in: none of the groups has a role here"),
        ("the name or the password is wrong", 403, "Name or password is wrong."),
    ],
)
def test_the_sign_in_page_says_what_helps_and_no_more(why: str, status: int, words: str) -> None:
    room = ControlRoom()
    room.plant.verbs["sign_in"] = lambda _args: Refused("refused", why)
    for _ in range(7 if status == 503 else 1):
        answer = room.post("/sign-in?lang=en", data={**form_fields(room), "name": "chen", "password": PASSWORD})
        assert (answer.status_code, words in answer.text) == (status, True)


def form_fields(room: ControlRoom) -> dict[str, str]:
    return {"csrf_token": form_token(room.get("/sign-in"))}

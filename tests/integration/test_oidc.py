"""Signing in at an identity provider: a real one on loopback, the real check at the plant, and a browser in between."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import update

from scada.bridge import Message, Refused, Reply, Value
from scada.clock import VirtualClock
from scada.config import Config
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.people.outside import OutsideDoor
from scada.settings.identity import Oidc
from scada.store import operators as operators_module
from scada.store.operators import Operators, SignedIn, SignInRefused
from scada.store.people.oidc import Provider, ProviderError
from scada.store.schema import operator
from tests.support.hmi_pages import CONTROL, ControlRoom, shipped
from tests.support.oidc_provider import CLIENT, SECRET, OidcProvider, key_named
from tests.support.store import SITE, START, open_database

ROLES = {"parking-admins": "administrator", "parking-operators": "operator"}
NONCE = "n" * 43


@pytest.fixture
def there() -> Iterator[OidcProvider]:
    with OidcProvider() as provider:
        yield provider


def settings_of(there: OidcProvider) -> Oidc:
    told = {"issuer": there.issuer, "client_id": CLIENT, "client_secret_file": "oidc.secret", "roles": ROLES}
    return Oidc.model_validate(told)


class Now:
    """Unix time that a test moves."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


def checker(there: OidcProvider, now: Now | None = None) -> Provider:
    return Provider(settings_of(there), None, now or Now())


def test_a_token_of_the_provider_names_a_person_and_gives_a_role(there: OidcProvider) -> None:
    found = checker(there).believed(there.signed(NONCE), NONCE)
    assert (found.name, found.role) == ("chen", "operator")
    there.groups = ["others", "parking-operators", "parking-admins"]
    assert checker(there).believed(there.signed(NONCE), NONCE).role == "administrator"


@pytest.mark.parametrize(
    ("twist", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"aud": "another"}, "somebody else"),
        ({"aud": [CLIENT, "another"]}, "given to somebody else"),
        ({"exp": 1}, "time is over"),
        ({"exp": None}, "time is over"),
        ({"iat": 9e12}, "has not come"),
        ({"nonce": "another"}, "another sign-in"),
        ({"groups": []}, "none of the groups"),
        ({"groups": "parking-operator"}, "none of the groups"),
        ({"preferred_username": ""}, "no name"),
        ({"preferred_username": "a\nb"}, "no name"),
        ({"preferred_username": "x" * 65}, "no name"),
    ],
)
def test_a_token_that_says_something_else_is_not_believed(
    there: OidcProvider, twist: dict[str, object], why: str
) -> None:
    there.twist = twist
    with pytest.raises(ValueError, match=why):
        checker(there).believed(there.signed(NONCE), NONCE)


def test_a_token_signed_by_a_stranger_is_not_believed(there: OidcProvider) -> None:
    there.stranger = key_named("stranger")
    with pytest.raises(ValueError, match="signature"):
        checker(there).believed(there.signed(NONCE), NONCE)


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.", "x" * 100])
def test_what_is_no_token_is_not_believed(there: OidcProvider, token: str) -> None:
    with pytest.raises(ValueError, match="signature"):
        checker(there).believed(token, NONCE)


def test_a_new_key_of_the_provider_is_learned_but_not_at_every_bad_token(there: OidcProvider) -> None:
    now = Now()
    provider = checker(there, now)
    provider.believed(there.signed(NONCE), NONCE)
    there.rotate()
    now.ahead_s = 31
    assert provider.believed(there.signed(NONCE), NONCE).name == "chen"
    asked = there.keys_asked
    there.stranger = key_named("stranger")
    for _ in range(5):
        with pytest.raises(ValueError, match="signature"):
            provider.believed(there.signed(NONCE), NONCE)
    assert there.keys_asked == asked


def test_a_broken_provider_is_said_to_be_broken(there: OidcProvider) -> None:
    there.is_broken = True
    with pytest.raises(ProviderError):
        checker(there).believed(there.signed(NONCE), NONCE)
    with pytest.raises(ProviderError):
        checker(there).going(f"{CONTROL}/sign-in/oidc/back")


@pytest.fixture
async def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Operators]:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)
    async with open_database(tmp_path) as db:
        operators = Operators(db, SITE, VirtualClock(START))
        await operators.add("admin", "administrator", "correct horse", must_change=False)
        yield operators


async def vouched(people: Operators, there: OidcProvider) -> object:
    door = OutsideDoor(people, checker(there).believed)
    token = await asyncio.to_thread(there.signed, NONCE)
    args: dict[str, object] = {"id_token": token, "nonce": NONCE}
    return await door.verbs()["sign_in_oidc"](Ask("control", "sign_in_oidc", args, "", "", "", ""))


async def test_whoever_is_vouched_for_gets_an_account_with_the_role_of_today(
    people: Operators, there: OidcProvider
) -> None:
    assert await vouched(people, there) == {"name": "chen", "role": "operator", "must_change": False}
    assert await people.may_now("chen", "open_gate")
    there.groups = ["parking-admins"]
    await vouched(people, there)
    assert await people.role_of("chen") == "administrator"
    assert isinstance(await people.sign_in("chen", "anything at all"), SignInRefused)


async def test_no_account_of_this_site_is_taken_over(people: Operators, there: OidcProvider) -> None:
    there.user = "admin"
    with pytest.raises(BridgeRefusal, match="taken"):
        await vouched(people, there)
    assert await people.sign_in("admin", "correct horse") == SignedIn("admin", "administrator", must_change=False)


async def test_who_it_is_says_the_providers_own_word_and_not_the_name(people: Operators, there: OidcProvider) -> None:
    await vouched(people, there)
    there.twist = {"sub": "8"}
    with pytest.raises(BridgeRefusal, match="taken"):
        await vouched(people, there)
    there.twist, there.user = {}, "chen.wei"
    assert await vouched(people, there) == {"name": "chen", "role": "operator", "must_change": False}
    assert [one["name"] for one in await people.people()] == ["admin", "chen"]
    there.twist = {"sub": None}
    with pytest.raises(BridgeRefusal, match="does not say who it is"):
        await vouched(people, there)


async def test_whoever_is_locked_out_does_not_come_in_again_by_another_name(
    people: Operators, there: OidcProvider
) -> None:
    await vouched(people, there)
    await people.lock("chen", True, "admin", "left")
    there.user = "chen2"
    with pytest.raises(BridgeRefusal, match="locked"):
        await vouched(people, there)


async def test_an_account_from_before_is_known_by_its_name_once(people: Operators, there: OidcProvider) -> None:
    await vouched(people, there)
    await people._db.write(lambda conn: conn.execute(update(operator).values(subject="")) and None)
    await vouched(people, there)
    there.twist = {"sub": "8"}
    with pytest.raises(BridgeRefusal, match="taken"):
        await vouched(people, there)


async def test_whoever_was_locked_out_here_stays_out(people: Operators, there: OidcProvider) -> None:
    await vouched(people, there)
    await people.lock("chen", True, "admin", "left")
    with pytest.raises(BridgeRefusal, match="locked"):
        await vouched(people, there)


async def test_a_broken_provider_locks_no_local_administrator_out(people: Operators, there: OidcProvider) -> None:
    there.is_broken = True
    with pytest.raises(BridgeRefusal):
        await vouched(people, there)
    assert isinstance(await people.sign_in("admin", "correct horse"), SignedIn)


class Desk:
    """A control room that knows the provider, and a plant that checks as the real one does."""

    def __init__(self, there: OidcProvider, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        secret = folder / "oidc.secret"
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(0o600)
        site = shipped()
        config: Config = site.model_copy(
            update={"oidc": settings_of(there), "site": site.site.model_copy(update={"data": folder})}
        )
        self.room = ControlRoom(config=config)
        self.room.plant.verbs["sign_in_oidc"] = self._believe
        self._provider = checker(there)

    def _believe(self, args: Message) -> Reply:
        try:
            found = self._provider.believed(str(args["id_token"]), str(args["nonce"]))
        except ValueError as error:
            return Refused("refused", str(error))
        return Value({"name": found.name, "role": found.role, "must_change": False})

    def sent_back(self) -> str:
        """Go to the provider as a browser does; gives where it sends the browser back."""
        going = self.room.get("/sign-in/oidc")
        assert going.status_code == 302
        asked = parse_qs(urlsplit(going.location).query)
        assert (asked["code_challenge_method"], asked["response_type"]) == (["S256"], ["code"])
        answer = requests.get(going.location, allow_redirects=False, timeout=30)
        return answer.headers["Location"].removeprefix(CONTROL)


@pytest.fixture
def desk(there: OidcProvider, tmp_path: Path) -> Desk:
    return Desk(there, tmp_path / "data")


def test_a_browser_goes_to_the_provider_and_comes_back_signed_in(desk: Desk) -> None:
    assert "/sign-in/oidc" in desk.room.get("/sign-in").text
    back = desk.room.get(desk.sent_back())
    assert back.status_code == 200
    assert 'http-equiv="refresh"' in back.text
    assert desk.room.get("/api/v1/snapshot").status_code == 200
    assert desk.room.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/sign-in/oidc", "/sign-in/oidc/back?state=x&code=y"])
def test_an_address_asks_the_provider_ten_times_a_minute_at_most(desk: Desk, path: str) -> None:
    statuses = [desk.room.get(path).status_code for _ in range(12)]
    assert 429 not in statuses[:10]
    assert statuses[10:] == [429, 429]
    assert desk.room.get("/sign-in").status_code == 200


def test_the_cookie_of_the_way_is_lax_hidden_and_short(desk: Desk) -> None:
    cookie = desk.room.get("/sign-in/oidc").headers["Set-Cookie"]
    for word in ("__Host-daozha_oidc=", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"):
        assert word in cookie


def test_a_way_back_is_good_once_and_in_the_browser_that_went(desk: Desk) -> None:
    way = desk.sent_back()
    other = desk.room.new_browser()
    assert other.get(way, base_url=CONTROL).status_code == 400
    assert other.get("/api/v1/snapshot", base_url=CONTROL).status_code == 401
    assert desk.room.get(way).status_code == 200
    desk.room.browser = desk.room.new_browser()
    assert desk.room.get(way).status_code == 400


@pytest.mark.parametrize("query", ["", "?state=x&code=y", "?code=y", "?state=&code=y", "?error=access_denied&state=x"])
def test_a_forged_way_back_leads_nowhere(desk: Desk, query: str) -> None:
    assert desk.room.get(f"/sign-in/oidc/back{query}").status_code == 400
    assert not desk.room.plant.asked


def test_who_has_no_role_here_is_told_so(desk: Desk, there: OidcProvider) -> None:
    there.groups = ["others"]
    answer = desk.room.get(desk.sent_back())
    assert (answer.status_code, "none of the groups" in answer.text) == (403, True)
    assert desk.room.get("/api/v1/snapshot").status_code == 401


def test_with_a_broken_provider_a_password_still_lets_in(desk: Desk, there: OidcProvider) -> None:
    there.is_broken = True
    assert desk.room.get("/sign-in/oidc").status_code == 503
    assert desk.room.sign_in().status_code == 302


def test_without_a_provider_there_is_no_such_way() -> None:
    room = ControlRoom()
    assert "/sign-in/oidc" not in room.get("/sign-in").text
    assert room.get("/sign-in/oidc").status_code in (302, 404)
    assert not any(rule.rule.startswith("/sign-in/oidc") for rule in room.app.url_map.iter_rules())


@pytest.mark.parametrize(
    "wrong", [{"issuer": "http://sso.example"}, {"roles": {}}, {"roles": {"a": "system"}}, {"issuer": "ftp://x"}]
)
def test_a_provider_that_others_could_speak_for_is_not_taken(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {
        "issuer": "https://sso.example", "client_id": "c", "client_secret_file": "s", "roles": {"a": "operator"},
    }  # fmt: skip
    assert Oidc.model_validate(good)
    with pytest.raises(ValueError, match=r"issuer|roles"):
        Oidc.model_validate({**good, **wrong})

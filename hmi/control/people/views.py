"""People: who there is, what they may, where they are signed in, and the tokens of their programs."""

from typing import Annotated, Literal

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue
from pydantic import Field
from typing_extensions import TypedDict

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, MaybeName, Name, Nothing, Password, Text, Word, one_of
from hmi.control.auth import signed_in
from hmi.control.orders import WITHIN_S, answered, ask, looked_up, order
from hmi.control.room import room
from scada.bridge import Value
from scada.model.rights import PEOPLE, RIGHTS, Role, scope_of

people = Blueprint("people", __name__)

_Role = Annotated[str, one_of(role.value for role in Role)]
_LONGEST_DAYS = 366


class Why(Edge):
    """Why it is done."""

    reason: Text


class NewPerson(Why):
    """Who, and what the person may."""

    name: Name
    role: _Role


class NewRole(Why):
    """What the person may from now on."""

    role: _Role


class GivenPassword(Edge):
    """The own password."""

    password: Password


class NewToken(Edge):
    """What for, what it may hold, for how long; `owner` only for another's."""

    label: Name
    rights: list[Word] = Field(min_length=1, max_length=len(RIGHTS))
    days: Annotated[int, Field(ge=1, le=_LONGEST_DAYS)]
    owner: MaybeName = ""


class Person(TypedDict):
    """One person; times in ISO 8601."""

    name: str
    role: str
    must_change: bool
    made_at: str
    locked_at: str | None
    signed_in_at: str | None


class OpenSession(TypedDict):
    """One screen at which somebody is signed in."""

    name: str
    role: str
    since_s: float
    idle_s: float
    is_this: bool


class OneTime(TypedDict):
    """A password that is shown this once and must be changed."""

    name: str
    password: str


class Secret(TypedDict):
    """A token, shown this once."""

    owner: str
    token: str


class Confirmed(TypedDict):
    """The password was right."""

    confirmed: Literal[True]


@people.get("/settings/people")
def page() -> ResponseReturnValue:
    """Show the page: everybody's own tokens, and all people to whoever may see them."""
    who, config = signed_in(), room().config
    page_data = {
        "site": {"zone": config.site.zone},
        "me": who.name,
        "seesPeople": who.may(PEOPLE),
        "changesPeople": who.may("add_person"),
        "makesTokens": who.may("make_token"),
        "makesAny": who.may("make_any_token"),
        "roles": {role.value: sorted(scope_of(role.value)) for role in Role},
        "role": who.role,
    }
    return render_template("control/people.html", who=who, site=config.site, page_data=page_data)


@people.get("/api/v1/people")
@described(PEOPLE, answer=list[Person])
def everybody() -> ResponseReturnValue:
    """Give everybody, by name."""
    return looked_up(PEOPLE, {})


@people.get("/api/v1/people/<name>/log")
@described("person_log", answer=list[dict[str, object]])
def log(name: str) -> ResponseReturnValue:
    """Give a person's last sign-ins, and who changed what about the person, with before and after."""
    return looked_up("person_log", {"name": name})


@people.post("/api/v1/people")
@described("add_person", answer=OneTime)
def add(body: NewPerson) -> ResponseReturnValue:
    """Add a person; gives a password for once."""
    return order("add_person", body.args())


@people.post("/api/v1/people/<name>/role")
@described("change_role")
def change_role(name: str, body: NewRole) -> ResponseReturnValue:
    """Give another person another role; the person signs in anew."""
    return _ending(name, order("change_role", {"name": name, **body.args()}))


@people.post("/api/v1/people/<name>/lock")
@described("lock_person")
def lock(name: str, body: Why) -> ResponseReturnValue:
    """Lock another person out, from this moment on."""
    return _ending(name, order("lock_person", {"name": name, "locked": True, **body.args()}))


@people.post("/api/v1/people/<name>/unlock")
@described("lock_person")
def unlock(name: str, body: Why) -> ResponseReturnValue:
    """Let a person in again."""
    return order("lock_person", {"name": name, "locked": False, **body.args()})


@people.post("/api/v1/people/<name>/password")
@described("reset_person", answer=OneTime)
def reset(name: str, body: Why) -> ResponseReturnValue:
    """Give another person a password for once; the old one and all sessions end."""
    return _ending(name, order("reset_person", {"name": name, **body.args()}))


@people.get("/api/v1/sessions")
@described("sessions", answer=list[OpenSession])
def sessions() -> ResponseReturnValue:
    """Give who is signed in, for how long, and for how long nobody has touched the screen."""
    mine = signed_in().key
    rows = [
        {"name": one.name, "role": one.role, "since_s": since_s, "idle_s": idle_s, "is_this": one.key == mine}
        for one, since_s, idle_s in room().registry.all()
    ]
    return jsonify(sorted(rows, key=lambda row: str(row["name"])))


@people.post("/api/v1/people/<name>/kick")
@described("kick")
def kick(name: str, body: Why) -> ResponseReturnValue:
    """Sign a person out everywhere, at once."""
    return _ending(name, order("kick", {"name": name, **body.args()}))


@people.post("/api/v1/password-again")
@described("confirm_password", answer=Confirmed, while_idle=True)
def password_again(body: GivenPassword) -> ResponseReturnValue:
    """Give the own password once more: for what is dangerous, or after a while away from the screen."""
    reply = ask("confirm_password", body.args(), within_s=WITHIN_S)
    if isinstance(reply, Value):
        room().registry.password_given(signed_in())
    return answered(reply)


@people.get("/api/v1/tokens")
@described("tokens", answer=list[dict[str, object]])
def tokens() -> ResponseReturnValue:
    """Give the own tokens, or all to whoever sees all people; never what lets a program in."""
    return looked_up("tokens", {})


@people.post("/api/v1/tokens")
@described("make_token", answer=Secret)
def make_token(body: NewToken) -> ResponseReturnValue:
    """Make a token for a program; it is shown this once."""
    return order("make_token", body.args())


@people.post("/api/v1/tokens/<token>/revoke")
@described("revoke_token")
def revoke_token(token: str, body: Nothing) -> ResponseReturnValue:
    """End a token now."""
    return order("revoke_token", {"token": token, **body.args()})


def _ending(name: str, answer: ResponseReturnValue) -> ResponseReturnValue:
    """End all sessions of a person, if the plant has done what ends them."""
    if not isinstance(answer, tuple):
        room().registry.close_all_of(name)
        room().push.drop_signed_out()
    return answer

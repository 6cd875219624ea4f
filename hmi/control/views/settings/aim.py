"""Where cameras look: the region and the corners are drawn on the last picture, tried at once, and set."""

from typing import Annotated, Final

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from pydantic import Field

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, MaybeWord, Text
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, order
from hmi.control.views.settings.common import field, listed, shown, to_come
from hmi.language import say

aim = Blueprint("aim", __name__)

_API: Final = "/api/v1/settings/cameras"
_KIND: Final = "camera"
_WITHIN_S: Final = 28.0
_Share = Annotated[float, Field(ge=0, le=1, strict=False)]
_Corner = Annotated[list[_Share], Field(min_length=2, max_length=2)]


class Corners(Edge):
    """Where a camera would look, in shares of the picture: its region, and what is pulled straight."""

    region: Annotated[list[_Corner], Field(max_length=12)] = Field(default_factory=list)
    perspective: Annotated[list[_Corner], Field(max_length=4)] = Field(default_factory=list)


class Aimed(Corners):
    """Where a camera shall look, why, the version that was looked at, and from when on: at once if not said."""

    reason: Text
    seen: Annotated[int, Field(ge=0)]
    effective_from: MaybeWord = ""


@aim.get("/settings/cameras")
def page() -> ResponseReturnValue:
    """Show the cameras; their regions are drawn there."""
    if not signed_in().may("camera_aims"):
        abort(403)
    words = say("Saved. It looks there from then on.") if field("done") == "later" else ""
    rows = listed("camera_aims", {})
    coming = {str(row["name"]): to_come(_KIND, str(row["name"])) for row in rows}
    page_data = {"cameras": rows, "mayAim": signed_in().may("aim_camera")}
    return shown("aim", words, 200, page_data, coming=coming, chosen=field("camera"))


@aim.get(_API)
@described("camera_aims", answer=object)
def cameras() -> ResponseReturnValue:
    """Give where each camera looks, and its last pictures."""
    return answered(ask("camera_aims", {}))


@aim.post(f"{_API}/<camera>/try")
@described("try_aim", answer=object, while_idle=True)
def attempt(camera: str, body: Corners) -> ResponseReturnValue:
    """Say what would be read in the camera's last pictures."""
    return answered(ask("try_aim", {"camera": camera, **body.args()}, within_s=_WITHIN_S))


@aim.post(f"{_API}/<camera>")
@described("aim_camera")
def save(camera: str, body: Aimed) -> ResponseReturnValue:
    """Let a camera look there from now on, or from a later moment."""
    return order(
        "aim_camera", {name: value for name, value in {"camera": camera, **body.args()}.items() if value != ""}
    )

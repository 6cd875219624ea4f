"""What a plant tells a control room elsewhere of its configuration: what pages show, and no path, host or secret."""

from collections.abc import Mapping
from typing import Final

import orjson
from pydantic import ValidationError

from scada.config import Config
from scada.settings.sites import PlantElsewhere

VERSION: Final = 1
SIGN_IN, SIGN_OUT, FACE = "sign_in", "sign_out", "site_face"
"""The verbs of the door for rooms elsewhere; `sign_in` is also the code by which it refuses whom it does not know."""
_AT_SITE: Final = "kept-at-the-site"
_CAMERA: Final = {"name", "lane", "way", "min_plate_px", "region", "perspective"}
_LANE: Final = {"timing", "tags"}
"""What of a lane stays here: it is the plant's affair alone."""


class FaceError(Exception):
    """A plant has told of itself what this version cannot read."""


def face_of(config: Config) -> dict[str, object]:
    """Tell what pages need: names, lanes, zones, cameras without their addresses, the plan, the limits."""
    return {
        "version": VERSION,
        "site": config.site.model_dump(mode="json", exclude={"data"}),
        "zones": [zone.model_dump(mode="json") for zone in config.zones],
        "lanes": [lane.model_dump(mode="json", exclude=_LANE) for lane in config.lanes],
        "cameras": [camera.model_dump(mode="json", include=_CAMERA) for camera in config.cameras],
        "plan": {**config.plan.model_dump(mode="json"), "background": _kind(config.plan.background)},
        "limits": config.limits.model_dump(mode="json"),
    }


def _kind(background: str | None) -> str | None:
    """Tell that there is a drawing, and of which kind; not where it lies."""
    return None if background is None else f"drawing{background[-4:].lower()}"


def config_by(face: object, plant: PlantElsewhere, room: Config) -> Config:
    """Make of a face the configuration that pages are built on. Raises FaceError.

    What is not told stays a word that says so: no page of a room elsewhere opens a file or a database of that site.
    """
    if not isinstance(face, Mapping) or face.get("version") != VERSION:
        raise FaceError(f"{plant.name} tells of itself in another version than {VERSION}: bring both to one release")
    web = {
        "host": plant.host,
        "port": plant.port,
        "host_names": plant.host_names,
        "url": plant.url,
    }
    here = room.web.model_dump(mode="json")
    nothing = dict.fromkeys(_KEYS, _AT_SITE)
    try:
        text = orjson.dumps(
            {
                "site": {**face["site"], "data": str(room.data / "elsewhere" / plant.name)},
                "zones": face["zones"],
                "lanes": face["lanes"],
                "cameras": [{**camera, "source": _AT_SITE} for camera in face["cameras"]],
                "plan": face["plan"],
                "limits": face["limits"],
                "web": {**here, "control": web},
                "tags": {"map": _AT_SITE, "devices": _AT_SITE},
                "tariff": {"folder": _AT_SITE},
                "wechat": {**room.wechat.model_dump(mode="json", include=_WECHAT), **nothing},
            }
        )
        return Config.model_validate_json(text)
    except (ValidationError, KeyError, TypeError) as error:
        raise FaceError(f"{plant.name} tells of itself what cannot be read: {_first(error)}") from error


_KEYS: Final = (
    "merchant_certificate_file",
    "private_key_file",
    "apiv3_key_file",
    "public_key_file",
    "public_key_id_file",
)
_WECHAT: Final = {"base_url", "mchid", "appid", "notify_url"}


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        one = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
    return f"{type(error).__name__}: {error}"

"""A fake plant with all that the displays show: a lane with a car, its equipment, cameras, links, zones."""

import base64
import io
from datetime import UTC, datetime, timedelta

from PIL import Image

from tests.support.hmi import FakePlant, Json

PASSAGE = "out1-20261122052210-31"


def lane_equipment(lane: str) -> Json:
    """Give what a lane's PLC tells beside the tags of an idle lane."""
    points: Json = {
        "loop.closing": False, "gate.close_permit": True, "gate.mains": True, "gate.door": False,
        "gate.drive_fault": False, "loop.approach_fault": False, "loop.safety_fault": False, "fire.contact": False,
        "hand.button": False, "hand.help": False, "hb.server_seen": True, "ack.seq": 7, "ack.result": 1,
        "claim.now": 4711, "passage.now": 31, "count.open": 120, "count.pass": 119, "count.reverse": 1,
        "count.tail": 0, "count.reopen": 0, "count.glitch": 2, "rise.count": 121, "ack.stray": 0,
        "time.open_ms": 1480, "time.close_ms": 2210, "time.safety_on_ms": 1900, "gate.motor_a": 0.4,
        "loop.approach_hz": 45_200, "gate.verdict": "Done", "gate.answer_ms": 112,
    }  # fmt: skip
    return {f"{lane}.{point}": value for point, value in points.items()}


def standing_car(lane: str) -> Json:
    """Give the tags that change when a car waits for payment there."""
    points: Json = {
        "loop.approach": True,
        "lane.state": "awaiting_payment",
        "passage": PASSAGE,
        "passage.phase": 1,
        "plate.text": "京PL3N67",
        "plate.colour": "BLUE",
        "plate.confidence": 0.93,
        "plate.by": "camera",
        "stay": "S9",
        "quote.due_fen": 1230,
        "quote.minutes": 134,
    }
    return {f"{lane}.{point}": value for point, value in points.items()}


def link_figures(device: str) -> Json:
    """Give the figures of a device's link."""
    points: Json = {
        "state": "up", "address": "127.0.0.1:5020", "scan_ms": 12.5, "round_trip_ms": 4.1, "late_scans": 0,
        "reads": 5000, "writes": 40, "errors": 0, "refusals": 0, "connects": 1, "waiting": 0, "holes": 0, "why": "",
    }  # fmt: skip
    return {f"dev.{device}.{point}": value for point, value in points.items()}


def camera_figures(camera: str) -> Json:
    """Give the figures of a camera in order."""
    points: Json = {"trouble": "", "reader": "A: v3", "fps": 12.0, "age_s": 0.1, "reopens": 0, "read_rate": 0.991}
    return {f"camera.{camera}.{point}": value for point, value in points.items()}


def furnish(plant: FakePlant, role: str = "administrator") -> None:
    """Let the plant tell and answer all that the displays ask for."""
    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": role, "must_change": False},
        recent_stays=lambda _args: [],
        journal=lambda _args: [],
        cameras=lambda _args: {"cameras": [_camera("cam-in1", "in1"), _camera("cam-out1", "out1")], "rejected": []},
        picture=lambda _args: {"jpeg_b64": _PICTURE, "covered": False},
        trends=lambda _args: {},
        replay_passage=lambda _args: {"covered": False},
    )
    plant.tell({**lane_equipment("in1"), **lane_equipment("out1"), **standing_car("out1")})
    plant.tell({**link_figures("plc1"), **link_figures("ua1")})
    plant.tell({**camera_figures("cam_in1"), **camera_figures("cam_out1")})
    plant.tell({"zone.lot.cars": 640, "zone.lot.free": 360, "zone.lot.drift": 7, "site.plant_lag_ms": 1.2})


def _camera(name: str, lane: str) -> Json:
    at = (datetime.now(UTC) - timedelta(seconds=8)).isoformat()
    return {"name": name, "lane": lane, "picture": f"{name}-1.jpg", "at": at}


def _drawn() -> str:
    content = io.BytesIO()
    Image.new("RGB", (320, 180), (120, 130, 140)).save(content, "JPEG")
    return base64.b64encode(content.getvalue()).decode("ascii")


_PICTURE = _drawn()

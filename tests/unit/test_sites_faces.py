"""What a plant tells a room elsewhere of itself: enough for its pages, and no path, host, name or secret."""

from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from hmi.control.sites.wall import Wall, Watch
from hmi.control.views.overview import plan_data
from scada.bridge import Message
from scada.config import Config, ConfigError, load
from scada.faces import FaceError, config_by, face_of
from scada.settings.plan import Plan
from scada.settings.sites import PlantElsewhere
from tests.support.hmi_pages import ControlRoom, shipped
from tests.support.house import site_beside

NORTH = PlantElsewhere(name="north", title="北区", title_en="North", address="[fd00::8]:7443", port=8101)


def over_the_wire(config: Config) -> object:
    return orjson.loads(orjson.dumps(face_of(config)))


def test_pages_are_built_on_what_a_plant_tells() -> None:
    config = shipped()
    far = config_by(over_the_wire(config), NORTH, config)
    assert [lane.name for lane in far.lanes] == [lane.name for lane in config.lanes]
    assert (far.site.name, far.zones, far.limits) == (config.site.name, config.zones, config.limits)
    assert plan_data(far) == plan_data(config)
    assert far.web.control.port == NORTH.port
    assert far.data != config.data


def test_of_the_sites_own_drawing_its_kind_is_told_and_not_where_it_lies() -> None:
    config = shipped()
    for background, told in ((None, None), ("plans/lot.SVG", "drawing.svg"), ("plans/.png", "drawing.png")):
        drawn = config.model_copy(update={"plan": Plan(background=background)})
        far = config_by(over_the_wire(drawn), NORTH, config)
        assert far.plan.background == told
        assert plan_data(far)["background"] is (told is not None)


def test_no_path_host_or_secret_leaves_the_plant(tmp_path: Path) -> None:
    changes = ('source = "http://127.0.0.1:8091/cam-in1.mjpg"', 'source = "rtsp://10.9.9.9/a"\nuser = "cam-user"')
    told = orjson.dumps(face_of(load(site_beside(tmp_path, changes)))).decode()
    for word in ("10.9.9.9", "cam-user", "mchid", "wechat", "127.0.0.1", ".pem", ".key", str(tmp_path), "notify_url"):
        assert word not in told


@pytest.mark.parametrize("face", [None, [], {"version": 99}, {"version": 1}, {"version": 1, "site": {"id": "../x"}}])
def test_a_face_that_cannot_be_read_is_told_and_builds_nothing(face: object) -> None:
    with pytest.raises(FaceError, match="north"):
        config_by(face, NORTH, shipped())


def test_an_address_may_be_a_name_or_an_address_of_either_kind() -> None:
    assert NORTH.where == ("fd00::8", 7443)
    assert NORTH.model_copy(update={"address": "north.example:1"}).where == ("north.example", 1)


def test_two_plants_at_one_port_are_refused(tmp_path: Path) -> None:
    one = '[[plants]]\nname = "{}"\ntitle = "a"\ntitle_en = "a"\naddress = "a:1"\nport = {}\n'
    for first, second in ((8101, 8101), (8080, 8102)):
        text = one.format("n1", first) + one.format("n2", second) + "\n[sim] "
        with pytest.raises(ConfigError):
            load(site_beside(tmp_path, ("[sim] ", text)))


@dataclass
class Silent:
    """A bridge to a plant that was never heard."""

    trouble: str = "Connection refused"
    silent_s: float | None = None
    hello: Message = field(default_factory=dict)


def test_the_wall_is_for_whoever_may_look_and_its_money_is_not() -> None:
    for role, sees in (("operator", True), ("technician", False)):
        room = ControlRoom(role)
        wall = Wall([Watch("home", "总部", "Home", Silent(), 8080), Watch("north", "北区", "North", Silent(), 8101)])
        object.__setattr__(room.app.extensions["room"], "wall", wall)
        assert room.get("/api/v1/sites").status_code == 401
        room.sign_in()
        lots = room.get("/api/v1/sites").get_json()
        assert [(lot["name"], lot["link"], lot["money"] is not None) for lot in lots] == [
            ("home", "never", sees),
            ("north", "never", sees),
        ]
        page = room.get("/sites?lang=en").text
        assert "http://control.test:8101" in page.replace("&#34;", '"') or ":8101" in page

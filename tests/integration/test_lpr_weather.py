"""Weather before the simulated cameras: what it leaves of a picture."""

import numpy as np
import pytest

from lpr.models import find
from lpr.recognise import WheelReader
from lpr.sim.drawing.scene import draw_scene
from lpr.sim.weather import WEATHERS, weathered
from scada.model.plate import Plate
from scada.sim.road import Weather

SCENE = draw_scene(Plate("京A12345"), 5)


@pytest.mark.parametrize("weather", WEATHERS)
def test_weather_changes_the_picture_and_is_the_same_for_the_same_seed(weather: str) -> None:
    seen = weathered(SCENE, weather, 3)
    assert seen.shape == SCENE.shape
    assert seen.dtype == np.uint8
    assert np.array_equal(seen, weathered(SCENE, weather, 3))
    assert np.array_equal(seen, SCENE) is (weather == "clear")


def test_through_any_weather_the_plate_can_still_be_read() -> None:
    reader = WheelReader(find())
    read = {weather: reader.read(weathered(SCENE, weather, 3)) for weather in WEATHERS}
    assert {weather: guesses[0].text if guesses else "" for weather, guesses in read.items()} == dict.fromkeys(
        WEATHERS, "京A12345"
    )


def test_an_unknown_weather_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="no weather 'hail'"):
        weathered(SCENE, "hail", 3)


def test_the_world_and_the_cameras_know_the_same_weathers() -> None:
    assert {weather.value for weather in Weather} == set(WEATHERS)

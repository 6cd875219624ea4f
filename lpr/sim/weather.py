"""Weather before a simulated camera: what night, rain, fog and a low sun leave of a picture."""

import numpy as np

from lpr.picture import Picture
from lpr.sim.drawing import damage

WEATHERS = ("clear", "night", "rain", "snow", "fog", "glare", "backlight")


def weathered(picture: Picture, weather: str, seed: int) -> Picture:
    """Look at a picture through the weather; the same seed gives the same picture. Raises ValueError."""
    rng = np.random.default_rng(seed)
    match weather:
        case "clear":
            return picture
        case "night":
            return damage.night(picture, rng, 0.2)
        case "rain":
            return damage.rainy(picture, rng, 0.8)
        case "snow":
            return damage.snowy(picture, rng, 0.6)
        case "fog":
            return damage.foggy(picture, 0.4)
        case "glare":
            return damage.sunny(picture)
        case "backlight":
            return damage.backlit(picture, 0.6)
        case _:
            raise ValueError(f"no weather {weather!r}: there are {', '.join(WEATHERS)}")

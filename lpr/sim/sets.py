"""Sets of drawn pictures with their labels: for tests, for training, and for anybody who wants to try a reader.

`daozha draw-plates DIR [--set NAME] [--count N] [--seed S]` writes them as JPEG beside a `labels.csv` with the columns
file, plate, type (the ground colour), kind (the look) and seen (what spoils the picture), as `daozha read-plate
--labels` takes it. The same seed draws the same set.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.reader.grammar import DIGITS
from lpr.sim.drawing import damage
from lpr.sim.drawing.film import Story, film
from lpr.sim.drawing.plates import DrawError, draw_plate
from lpr.sim.drawing.scene import HEIGHT, WIDTH, Car, Pose, draw_car, draw_road, draw_scene, write_over
from lpr.sim.drawing.styles import LOOKS, Style, invent
from scada.model.plate import PROVINCES, Plate, PlateColour

_NO_PLATE = Plate("")
_PAIRS = ("0D", "6G", "0Q", "7Z", "8B", "1L", "12", "1T", "1J", "9S", "VY", "EF", "DK", "HN", "MY")
"""Signs that readers mix up (`lpr.md` §5)."""
TWO_ROWS = tuple(style for style in Style if len(LOOKS[style].rows) == 2)
ON_BLACK = tuple(style for style in Style if LOOKS[style].colour is PlateColour.BLACK)
_EVERYDAY = (
    *[Style.BLUE] * 8,
    *[Style.ENERGY_SMALL] * 2,
    Style.ENERGY_LARGE,
    *[Style.YELLOW] * 3,
    *[Style.POLICE, Style.MILITARY] * 2,
    Style.EMBASSY,
    Style.HONG_KONG,
    Style.CONSULATE,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn picture and what is on it; no plate and no look if there is nothing to be read."""

    plate: Plate
    style: Style | None
    seen: str
    picture: Picture


def kinds(seed: int, count: int, styles: Sequence[Style] = tuple(Style)) -> Iterator[Sample]:
    """Draw every look in turn and with it all provinces, in daylight."""
    provinces = cycle(PROVINCES)
    for number, style in enumerate(islice(cycle(styles), count)):
        rng = np.random.default_rng((seed, number))
        plate = invent(style, rng, next(provinces))
        yield Sample(plate, style, "", _finished(draw_scene(plate, _seed(rng), style), rng))


def mild(seed: int, count: int) -> Iterator[Sample]:
    """Draw what comes on an ordinary day."""
    return kinds(seed, count, _EVERYDAY)


def pairs(seed: int, count: int) -> Iterator[Sample]:
    """Draw plates that differ in one sign which readers mix up, one after the other."""
    for number, pair in enumerate(islice(cycle(_PAIRS), (count + 1) // 2)):
        rng = np.random.default_rng((seed, number))
        plate, place = invent(Style.BLUE, rng), int(rng.integers(2, 7))
        for sign in pair:
            twin = Plate(plate[:place] + sign + plate[place + 1 :])
            yield Sample(twin, Style.BLUE, pair, _finished(draw_scene(twin, _seed(rng)), rng))


def hard(seed: int, count: int) -> Iterator[Sample]:
    """Draw what makes reading hard, one trouble a picture, in turn."""
    styles = cycle((*_EVERYDAY, *TWO_ROWS))
    for number, seen in enumerate(islice(cycle(_TROUBLES), count)):
        rng = np.random.default_rng((seed, number))
        style = next(styles)
        plate = invent(style, rng)
        yield Sample(plate, style, seen, _finished(_TROUBLES[seen](plate, style, rng), rng))


def none(seed: int, count: int) -> Iterator[Sample]:
    """Draw pictures on which there is nothing to read: an empty road, cars without a plate, other lettering."""
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        picture = draw_road(number) if number % 3 == 0 else draw_scene(_NO_PLATE, number, _any_style(rng))
        if number % 2:
            _write_clock(picture, rng)
        if number % 3 == 2:
            phone = "1" + "".join(rng.choice(list(DIGITS), 10))
            write_over(picture, f"招租 {phone}", 60, 300, 34)
        yield Sample(_NO_PLATE, None, "none", _finished(picture, rng))


def crops(seed: int, count: int) -> Iterator[Sample]:
    """Draw plates alone, as a detector would cut them out."""
    provinces = cycle(PROVINCES)
    for number, style in enumerate(islice(cycle(Style), count)):
        rng = np.random.default_rng((seed, number))
        plate = invent(style, rng, next(provinces))
        face = damage.worn(damage.dirty(draw_plate(plate, style), rng, 0.02), rng, float(rng.uniform(0, 0.5)))
        wide = int(rng.integers(110, 240))
        size = (wide, round(wide * face.shape[0] / face.shape[1]))
        small = np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8)
        yield Sample(plate, style, "crop", damage.noisy(damage.unfocused(small, float(rng.uniform(0.3, 1.0))), rng, 3))


def films(seed: int, count: int) -> Iterator[Sample]:
    """Draw the stories of cars that move, `count` frames of each; a frame's label is the plate to be read in it."""
    for number, story in enumerate(Story):
        rng = np.random.default_rng((seed, number))
        first, second = (Car(invent(Style.BLUE, rng), _seed(rng)) for _ in range(2))
        for moment in film(story, first, second, max(2, count)):
            yield Sample(moment.plate, Style.BLUE if moment.plate else None, story.value, moment.draw())


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 30))


def _any_style(rng: np.random.Generator) -> Style:
    return list(Style)[int(rng.integers(len(Style)))]


def _finished(picture: Picture, rng: np.random.Generator) -> Picture:
    """Send a picture through a camera; every third one has the camera's clock in it."""
    if rng.random() < 1 / 3:
        _write_clock(picture, rng)
    return damage.through_jpeg(damage.noisy(picture, rng, 3), 85)


def _write_clock(picture: Picture, rng: np.random.Generator) -> None:
    hour, minute, second = (int(rng.integers(limit)) for limit in (24, 60, 60))
    write_over(picture, f"2026-05-01 {hour:02d}:{minute:02d}:{second:02d}", 24, 20, 26)
    write_over(picture, f"入口{int(rng.integers(1, 9))} A{int(rng.integers(10, 99))}B", WIDTH - 240, HEIGHT - 50, 28)


# --- troubles: one function each, from a plate to a picture ---

_Trouble = Callable[[Plate, Style, np.random.Generator], Picture]


def _on_face(spoil: Callable[[Picture, np.random.Generator], Picture]) -> _Trouble:
    def draw(plate: Plate, style: Style, rng: np.random.Generator) -> Picture:
        shown = spoil(draw_plate(plate, style), rng)
        return _standing(Car(plate, _seed(rng), style, shown=shown), rng, float(rng.uniform(160, 240)))

    return draw


def _on_picture(spoil: Callable[[Picture, np.random.Generator], Picture]) -> _Trouble:
    return lambda plate, style, rng: spoil(draw_scene(plate, _seed(rng), style), rng)


def _turned_by(roll: float, yaw: float, pitch: float) -> _Trouble:
    def draw(plate: Plate, style: Style, rng: np.random.Generator) -> Picture:
        roll_deg, yaw_deg, pitch_deg = (float(rng.uniform(-limit, limit)) for limit in (roll, yaw, pitch))
        picture = draw_road(_seed(rng))
        pose = Pose(WIDTH / 2, 0.64 * HEIGHT, float(rng.uniform(160, 240)), roll_deg, yaw_deg, pitch_deg)
        draw_car(picture, Car(plate, _seed(rng), style), pose)
        return picture

    return draw


def _standing(car: Car, rng: np.random.Generator, width_px: float) -> Picture:
    picture = draw_road(_seed(rng))
    draw_car(picture, car, Pose(float(rng.uniform(0.45, 0.55)) * WIDTH, 0.66 * HEIGHT, width_px))
    return picture


def _far(plate: Plate, style: Style, rng: np.random.Generator) -> Picture:
    least = 60 * 440 / LOOKS[style].width
    return _standing(Car(plate, _seed(rng), style), rng, float(rng.uniform(least, least * 1.4)))


def _headlights(plate: Plate, style: Style, rng: np.random.Generator) -> Picture:
    wide = float(rng.uniform(160, 240))
    picture = draw_road(_seed(rng))
    draw_car(picture, Car(plate, _seed(rng), style, is_lit=True), Pose(WIDTH / 2, 0.66 * HEIGHT, wide))
    lamps = [(WIDTH / 2 + side * wide * 1.65, 0.66 * HEIGHT - wide * 0.53) for side in (-1, 1)]
    return damage.dazzled(damage.night(picture, rng, 0.5), lamps, wide * 0.4)


def _two_cars(plate: Plate, style: Style, rng: np.random.Generator) -> Picture:
    """Draw a second car behind, in the next lane: the nearer one counts."""
    picture = draw_road(_seed(rng))
    other = invent(Style.BLUE, rng)
    draw_car(picture, Car(other, _seed(rng)), Pose(WIDTH * 0.86, 0.42 * HEIGHT, 96))
    draw_car(picture, Car(plate, _seed(rng), style), Pose(WIDTH * 0.4, 0.66 * HEIGHT, float(rng.uniform(170, 230))))
    return picture


_TROUBLES: dict[str, _Trouble] = {
    "dirt": _on_face(lambda face, rng: damage.dirty(face, rng, float(rng.uniform(0.05, 0.35)))),
    "snow on it": _on_face(lambda face, rng: damage.snowed(face, rng, float(rng.uniform(0.05, 0.3)))),
    "worn": _on_face(lambda face, rng: damage.worn(face, rng, float(rng.uniform(0.5, 1)))),
    "motion": _on_picture(lambda seen, rng: damage.moved(seen, int(rng.integers(5, 16)), float(rng.uniform(60, 120)))),
    "focus": _on_picture(lambda seen, rng: damage.unfocused(seen, float(rng.uniform(1.5, 3.5)))),
    "night": _on_picture(lambda seen, rng: damage.night(seen, rng, float(rng.uniform(0.5, 1)))),
    "headlights": _headlights,
    "backlight": _on_picture(lambda seen, rng: damage.backlit(seen, float(rng.uniform(0.6, 1)))),
    "sun": _on_picture(
        lambda seen, rng: damage.sunny(seen, float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.1, 0.5)))
    ),
    "fog": _on_picture(lambda seen, rng: damage.foggy(seen, float(rng.uniform(0.5, 0.85)))),
    "rain": _on_picture(lambda seen, rng: damage.rainy(seen, rng, float(rng.uniform(0.8, 2)))),
    "snow": _on_picture(lambda seen, rng: damage.snowy(seen, rng, float(rng.uniform(0.6, 1.5)))),
    "far": _far,
    "coarse": _on_picture(lambda seen, rng: damage.farther(seen, float(rng.uniform(0.25, 0.5)))),
    "jpeg": _on_picture(lambda seen, rng: damage.through_jpeg(seen, int(rng.integers(8, 35)))),
    "askew": _on_picture(lambda seen, rng: damage.turned(seen, float(rng.uniform(-14, 14)))),
    "angle": _turned_by(6, 50, 30),
    "two cars": _two_cars,
}


def covered(seed: int, count: int) -> Iterator[Sample]:
    """Draw plates of which signs are covered: nobody can read them, and no reader may be sure of one."""
    hidden = _on_face(lambda face, rng: damage.covered(face, rng, float(rng.uniform(0.2, 0.4))))
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        plate = invent(Style.BLUE, rng)
        yield Sample(_NO_PLATE, None, "covered", _finished(hidden(plate, Style.BLUE, rng), rng))


SETS: dict[str, Callable[[int, int], Iterator[Sample]]] = {
    "kinds": kinds,
    "mild": mild,
    "pairs": pairs,
    "hard": hard,
    "crops": crops,
    "films": films,
    "covered": covered,
    "none": none,
}


def write(samples: Iterator[Sample], folder: Path, name: str) -> int:
    """Write a set into a folder and give the number of pictures. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("file", "plate", "type", "kind", "seen"))
        for count, sample in enumerate(samples, 1):
            picture = f"{name}-{count:04d}.jpg"
            (folder / picture).write_bytes(damage.as_jpeg(sample.picture, 90))
            colour = LOOKS[sample.style].colour.value.lower() if sample.style else ""
            kind = sample.style.value if sample.style else ""
            table.writerow((picture, sample.plate, colour, kind, sample.seen))
    return count


def main(arguments: Sequence[str]) -> int:
    """0 once the set is written, 2 if it cannot be."""
    parser = argparse.ArgumentParser(prog="daozha draw-plates", description="Draw plates and scenes with their labels.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the pictures and labels.csv go")
    parser.add_argument("--set", choices=sorted(SETS), default="kinds", help="which set (default: kinds)")
    parser.add_argument(
        "--count", type=int, default=2 * len(Style), metavar="N", help="pictures; of films: frames each"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, other pictures (default: 1)")
    asked = parser.parse_args(arguments)
    if asked.count < 1 or asked.seed < 0:
        parser.error("--count must be at least 1, --seed at least 0")
    cv2.setNumThreads(1)
    try:
        count = write(SETS[asked.set](asked.seed, asked.count), asked.folder, asked.set)
    except (DrawError, OSError) as error:
        sys.stderr.write(f"daozha draw-plates: {error}\n")
        return 2
    sys.stdout.write(f"{asked.folder}: {count} pictures and labels.csv\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

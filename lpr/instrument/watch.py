"""What a camera's view is compared with: slow baselines of itself, kept over restarts.

The view by day and by night has one reference each, a slow mean of its edges: cars that pass leave no trace in it. How
sharp it is and how much it shows is compared with what is usual at such brightness. While the view differs too much
from the reference, nothing is learnt: a camera that was pushed aside does not become its own reference.
"""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from lpr.instrument.scene import Edges, Look, likeness, look, shift, shrunk
from lpr.picture import Picture

_BINS = 8
_NIGHT = 60.0
"""Below this mean the picture is one of the night."""
LEARNT = 300
"""After so many pictures, five minutes, a baseline is one."""
_SLOWEST = 1 / 100_000
"""How much of a picture goes into a baseline at last: about a day."""
_FAST = 1 / 600
_SAME_VIEW = 0.35
_NEAR = 0.015
_LAST = 30


@dataclass(slots=True)
class _Usual:
    """A slow mean."""

    count: int = 0
    value: float = 0.0

    def learn(self, value: float) -> None:
        self.count += 1
        self.value += (value - self.value) * max(1 / self.count, _SLOWEST)

    def ratio(self, value: float) -> float | None:
        return value / self.value if self.count >= LEARNT and self.value > 0 else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture shows, compared with what is usual."""

    brightness: float
    dark: float
    glare: float
    focus: float | None
    detail: float | None
    view: float | None
    shift: float | None


class Watch:
    """Looks at one picture a second, and compares."""

    def __init__(self, memory: Path | None = None) -> None:
        """`memory`: the file in which the baselines outlive the process."""
        self._memory = memory
        self.forget()
        if memory is not None:
            with suppress(OSError, ValueError, KeyError, BadZipFile):
                self._load(memory)

    def forget(self) -> None:
        """Begin anew: the view is another one on purpose."""
        self._sharpness = [_Usual() for _ in range(_BINS)]
        self._detail = [_Usual() for _ in range(_BINS)]
        self._references: dict[str, tuple[int, Edges]] = {}
        self._last: deque[Look] = deque(maxlen=_LAST)

    def see(self, picture: Picture) -> Seen:
        """Look at a picture; the figures are medians of the last half minute, so that a car does not move them."""
        now = look(shrunk(picture))
        self._last.append(now)
        sharpness, detail = median(one.sharpness for one in self._last), median(one.detail for one in self._last)
        band, at = "night" if now.brightness < _NIGHT else "day", min(_BINS - 1, int(now.brightness * _BINS / 256))
        count, reference = self._references.get(band, (0, now.edges))
        if reference.shape != now.edges.shape:
            count, reference = 0, now.edges
        is_known = count >= LEARNT
        alike = likeness(reference, now.edges)
        moved = shift(reference, now.edges)
        if not is_known or (alike >= _SAME_VIEW and (moved is None or moved <= _NEAR)):
            share = max(1 / (count + 1), _FAST)
            self._references[band] = (count + 1, reference + (now.edges - reference) * np.float32(share))
            self._sharpness[at].learn(now.sharpness)
            self._detail[at].learn(now.detail)
        return Seen(
            now.brightness,
            now.dark,
            now.glare,
            self._sharpness[at].ratio(sharpness),
            self._detail[at].ratio(detail),
            alike if is_known else None,
            moved if is_known else None,
        )

    def save(self) -> None:
        """Keep the baselines. Raises OSError."""
        if self._memory is None:
            return
        usual = np.array([(one.count, one.value) for one in (*self._sharpness, *self._detail)], np.float64)
        views = {f"{band}_{part}": value for band, pair in self._references.items() for part, value in _parts(pair)}
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        part = self._memory.with_suffix(".part")
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, usual=usual, **views)
        part.replace(self._memory)

    def _load(self, memory: Path) -> None:
        with np.load(BytesIO(memory.read_bytes()), allow_pickle=False) as kept:
            usual = kept["usual"]
            if usual.shape != (2 * _BINS, 2):
                raise ValueError("other baselines")
            for one, (count, value) in zip((*self._sharpness, *self._detail), usual, strict=True):
                one.count, one.value = int(count), float(value)
            for band in ("day", "night"):
                if f"{band}_count" in kept:
                    edges = kept[f"{band}_edges"].astype(np.float32)
                    self._references[band] = (int(kept[f"{band}_count"]), edges)


def _parts(pair: tuple[int, Edges]) -> list[tuple[str, npt.NDArray[np.generic]]]:
    count, edges = pair
    return [("count", np.array(count)), ("edges", edges.astype(np.float16))]

"""What a camera's process tells of itself with every beat: measured between the captures, a picture a second."""

import sys
from dataclasses import asdict

from lpr.camera import Grabber
from lpr.instrument.watch import Seen, Watch
from scada.clock import Clock
from scada.model.camera.figures import SceneFigures

LOOK_S = 1.0
SAVE_S = 600.0
_RATE_S = 5.0
_FIGURES = 3


class Gauge:
    """Measures one camera."""

    def __init__(self, grabber: Grabber, watch: Watch, clock: Clock) -> None:
        self._grabber = grabber
        self._watch = watch
        self._clock = clock
        self._looked_s = self._saved_s = self._rated_s = clock.seconds()
        self._frame_s = 0.0
        self._frames = 0
        self._fps = 0.0
        self._seen: Seen | None = None

    def measure(self) -> None:
        """Look at the newest picture, if it is time to; called where nobody waits for a plate."""
        now_s = self._clock.seconds()
        self._rate(now_s)
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        frame = self._grabber.frame_after(self._frame_s, 0.0)
        if frame is None:
            return
        self._frame_s = frame.at_s
        self._seen = self._watch.see(frame.picture)
        if now_s - self._saved_s >= SAVE_S:
            self._saved_s = now_s
            self._save()

    def relearn(self) -> None:
        """Begin the baselines anew with what is seen now."""
        self._watch.forget()
        self._save()

    def figures(self, unkept: str) -> SceneFigures:
        """Give the figures of now. Of a view that is no longer seen nothing is known."""
        health = self._grabber.health()
        age_s = None if health.age_s is None else round(health.age_s, 1)
        view = {} if health.trouble or self._seen is None else _rounded(self._seen)
        return SceneFigures(round(self._fps, 1), age_s, max(0, self._grabber.opens - 1), unkept=unkept, **view)

    def _rate(self, now_s: float) -> None:
        passed_s = now_s - self._rated_s
        if passed_s >= _RATE_S:
            self._fps = (self._grabber.frames - self._frames) / passed_s
            self._rated_s, self._frames = now_s, self._grabber.frames

    def _save(self) -> None:
        try:
            self._watch.save()
        except OSError as error:
            sys.stderr.write(f"lpr.worker: the baselines are not kept: {error}\n")


def _rounded(seen: Seen) -> dict[str, float | None]:
    return {name: None if value is None else round(value, _FIGURES) for name, value in asdict(seen).items()}

"""What the deeds of a drill with faults can reach: the running site, its lines, its processes, one more car."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from scada.sim.chaos.ground import Ground
from scada.sim.chaos.schedule import Planned
from scada.sim.scenario import Casting
from scada.sim.stage.switch import Switch
from scada.sim.trial.running import TrialSite
from scada.supervise import Keeper


@dataclass(slots=True)
class Hands:
    """What a deed can reach. `did` are words on what it did, for the report; `met`: it has met something.

    `failed`: what should have answered the fault did not, however well the site was afterwards.
    """

    site: TrialSite
    ground: Ground
    casting: Casting
    every_s: float
    did: list[str] = field(default_factory=list)
    met: bool = True
    failed: bool = False

    @property
    def wechat(self) -> Switch:
        """WeChat's switches."""
        assert self.site.config.sim is not None  # noqa: S101 a drill's site has one
        return Switch(f"http://127.0.0.1:{self.site.config.sim.wechat_port}")

    def keeper(self, name: str) -> Keeper:
        """Give the keeper of a process; `plc:0` is the first PLC's."""
        if name.startswith("plc:"):
            assert self.site.config.sim is not None  # noqa: S101 a drill's site has one
            name = list(self.site.config.sim.field_ports)[int(name.removeprefix("plc:"))]
        return self.site.keepers[name]

    def send(self) -> None:
        """Let one more car come at once."""
        visit = self.casting.next(self.site.cars.plates())
        self.site.cars.invite(visit, 0.0)


Deed = Callable[[Hands, Planned], AbstractAsyncContextManager[None]]

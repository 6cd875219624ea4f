"""The named scenarios, each a class that plays on a stage and judges its own story."""

from collections.abc import Mapping
from typing import Protocol

from scada.sim.scenarios.barrier import BlindLoop, BoomHit, Fire, HoldOpen, StuckLoop, Tailgater
from scada.sim.scenarios.crowd import RushHour
from scada.sim.scenarios.cuts import PlcReboot, PowerCut, ServerKill, UncertainEntry
from scada.sim.scenarios.eyes import CameraOff, Misread, PlateSwap, TwoStays, UnplatedCar
from scada.sim.scenarios.hosts import Visitor
from scada.sim.scenarios.money import AnotherCar, DoublePayment, LateNotice, WechatOff
from scada.sim.scenarios.paying import PayScore, ScannedCode
from scada.sim.scenarios.reversing import BackOut, FakeExit
from scada.sim.scenarios.ways import TwoWayLane
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Verdict


class Scenario(Protocol):
    """One scenario: its name, what should happen, the play, and its verdict on the story."""

    name: str
    expected: str

    async def play(self, stage: Stage) -> None:
        """Let it happen. Raises Missed."""

    def judge(self, story: Story) -> Verdict:
        """Say what happened and whether it should have."""


_ALL: tuple[Scenario, ...] = (
    RushHour(),
    BackOut(),
    FakeExit(),
    PlateSwap(),
    UnplatedCar(),
    Misread(),
    TwoStays(),
    LateNotice(),
    DoublePayment(),
    AnotherCar(),
    WechatOff(),
    PayScore(),
    ScannedCode(),
    Visitor(),
    CameraOff(),
    Tailgater(),
    BoomHit(),
    StuckLoop(),
    BlindLoop(),
    HoldOpen(),
    Fire(),
    TwoWayLane(),
    PlcReboot(),
    UncertainEntry(),
    ServerKill(),
    PowerCut(),
)
SCENARIOS: Mapping[str, Scenario] = {one.name: one for one in _ALL}
BOTH_PROTOCOLS = frozenset((AnotherCar.name, TwoWayLane.name))
"""Those that are played with the lanes' protocols as shipped, and exchanged."""
ONE_GATE = frozenset((TwoWayLane.name,))
"""Those that are played at a car park whose one gate leads both ways."""

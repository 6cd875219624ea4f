"""What cameras see and do not see: unplated cars, misreads, other plates, no picture at all (paths D, E, F, G, R)."""

from scada.model.lane.commands import Message
from scada.model.plate import Plate
from scada.sim.road import Manner
from scada.sim.stage.guests import PLAIN, How
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict

_DIRTY = Manner(dirty=True)


def _other_sign(plate: Plate, place: int, *, but: str = "") -> Plate:
    """Change one sign of a plate into a digit that is neither what it was nor one of `but`."""
    sign = next(one for one in "7146925803" if one != plate[place] and one not in but)
    return Plate(plate[:place] + sign + plate[place + 1 :])


def _left_on_own_stay(story: Story, found: Findings, role: str) -> None:
    lanes = story.way
    found.want(story.is_out(role), f"{role} came in and went out", f"{role} went through {story.went(role)}")
    found.same(f"openings of {lanes[1]} for {role}", story.openings(role, lanes[1]), 1)
    found.same(f"{role}'s stay ended by", story.ending(role), "EXIT")
    exits = [row["id"] for row in story.passages(role, lanes[1])]
    found.want(
        story.stay(role).get("exit_passage") in exits,
        f"{role} left on its own stay",
        f"{role}'s stay was ended by another car",
    )


def _read_by(story: Story, role: str) -> list[str]:
    """Say who gave a car's plate; a stay may be picked without one."""
    rows = [row for lane in story.way for row in story.passages(role, lane)]
    return sorted({str(row["read_by"]) for row in rows if row["read_by"] is not None})


async def _see(stage: Stage) -> bool:
    tags = await stage.behind.tags()
    return all(tags.get(f"{lane}.camera.ok") is True for lane in (stage.way_in, stage.way_out))


class UnplatedCar:
    """A car whose plate nobody can read comes in and goes out."""

    name = "unplated-car"
    expected = "the driver says his plate on the lane's page, comes in, pays his own stay, and goes out"

    async def play(self, stage: Stage) -> None:
        """Come and go unread."""
        guest = await stage.park("car", How(entry=_DIRTY, leave=_DIRTY))
        stage.call(guest)
        await stage.passed(guest, stage.way_out, 120)

    def judge(self, story: Story) -> Verdict:
        """Nobody read the plate, and the stay is right."""
        found = Findings()
        _left_on_own_stay(story, found, "car")
        read_by = _read_by(story, "car")
        found.want("camera" not in read_by, f"the plate was given by: {', '.join(read_by)}", "a camera read it")
        found.same("payments", len(story.settlements("car")), 1)
        return found.verdict()


class Misread:
    """Mud on one sign: the exit camera reads a plate that nobody inside has."""

    name = "misread"
    expected = "the one stay that is one sign away is confirmed by the driver, paid and ended"

    async def play(self, stage: Stage) -> None:
        """Come in clean, go out muddy."""
        guest = await stage.park("car")
        stage.call(guest, Manner(shows=_other_sign(guest.plate, 5)))
        await stage.passed(guest, stage.way_out, 120)

    def judge(self, story: Story) -> Verdict:
        """The car's own stay, by the driver's or a person's word."""
        found = Findings()
        _left_on_own_stay(story, found, "car")
        found.same("payments", len(story.settlements("car")), 1)
        return found.verdict()


class TwoStays:
    """Two plates that differ in one sign are inside; one of them is read as a third that is one sign from both."""

    name = "two-stays-one-plate-apart"
    expected = "the gate opens for neither stay by itself; somebody picks, and each car leaves on its own stay"

    async def play(self, stage: Stage) -> None:
        """Two in, the muddy one out first."""
        first = stage.bring("one")
        second = await stage.park("two", How(plate=_other_sign(first.plate, 5)))
        third = _other_sign(first.plate, 5, but=second.plate[5])
        stage.call(first, Manner(shows=third))
        await stage.passed(first, stage.way_out, 150)
        stage.call(second)
        await stage.passed(second, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """Each on its own stay, each paid once."""
        found = Findings()
        for role in ("one", "two"):
            _left_on_own_stay(story, found, role)
            found.same(f"payments of {role}", len(story.settlements(role)), 1)
        return found.verdict()


class PlateSwap:
    """A car leaves under a plate that never came in, and its driver insists on it (path G)."""

    name = "plate-swap"
    expected = "no entry on record opens no gate; a person finds the car's own stay, it pays what that owes, and leaves"

    async def play(self, stage: Stage) -> None:
        """Come in under one plate, go out under another."""
        guest = await stage.park("car")
        swapped = Plate(guest.plate[:2] + guest.plate[2:][::-1])
        if swapped == guest.plate:
            swapped = _other_sign(_other_sign(guest.plate, 3), 5)
        stage.insist(guest, swapped)
        stage.call(guest, Manner(shows=swapped))
        await stage.stands(guest, stage.way_out)
        await stage.shows(stage.way_out, Message.SCAN_PLATE, Message.HELP_COMES)
        stage.note("down", stage.is_down(stage.way_out))
        await stage.passed(guest, stage.way_out, 180)

    def judge(self, story: Story) -> Verdict:
        """Down at first, and its own stay paid in the end."""
        found = Findings()
        found.want(
            story.notes.get("down") is True, "no gate opened for want of an entry", "a gate opened for want of an entry"
        )
        _left_on_own_stay(story, found, "car")
        paid = story.stay("car")
        fee, settled = paid.get("fee_fen"), [row["amount_fen"] for row in story.settlements("car")]
        found.same("fen paid by WeChat or owed", [*settled, paid.get("arrears_fen")], [fee, 0] if settled else [fee])
        found.want(bool(story.cases(story.way[1])), "a person was called", "nobody was called")
        return found.verdict()


class CameraOff:
    """All cameras go dark; one car comes in and goes out meanwhile."""

    name = "camera-off"
    expected = "drivers say their plates themselves or a person helps; the stay is right, and cameras read again later"

    async def play(self, stage: Stage) -> None:
        """Dark, a car in and out, light again, two more cars in and out."""
        await stage.behind.unplug("feed")
        guest = await stage.park("dark")
        stage.call(guest)
        await stage.passed(guest, stage.way_out, 150)
        await stage.cameras_back()
        await stage.until("the cameras see again", lambda: _see(stage))
        for guest in await stage.fill(("light", PLAIN), ("later", PLAIN)):
            stage.call(guest)
            await stage.passed(guest, stage.way_out, 120)

    def judge(self, story: Story) -> Verdict:
        """All on their own stays; cameras have read only in the light."""
        found = Findings()
        for role in ("dark", "light", "later"):
            _left_on_own_stay(story, found, role)
        dark = _read_by(story, "dark")
        said = f"in the dark the plate was given by: {', '.join(dark)}"
        found.want("camera" not in dark, said, "a camera read in the dark")
        light = [*_read_by(story, "light"), *_read_by(story, "later")]
        said = f"in the light the plates were given by: {', '.join(light)}"
        found.want("camera" in light, said, f"{said}, and by no camera")
        return found.verdict()

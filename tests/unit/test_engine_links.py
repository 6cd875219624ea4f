"""One link may be exchanged while the others go on, and what is written finds the link that holds the tag."""

import asyncio

import pytest

from scada.engine.links import Links
from scada.model.tag import TagName
from scada.ports import PlcError
from tests.support.engine import until, virtually
from tests.support.links import Wire


def test_an_exchanged_link_leaves_the_others_running() -> None:
    async def story() -> None:
        one, other, new = Wire("plc1", "in1.a"), Wire("plc2", "out1.a"), Wire("plc1", "in1.b")
        links = Links([one, other])
        task = asyncio.create_task(links.run())
        await until(lambda: one.starts == 1 and other.starts == 1)
        await links.stop("plc1")
        links.start(new)
        await until(lambda: new.starts == 1)
        assert (one.stops, other.stops) == (1, 0)
        await links.write(TagName("in1.b"), 7)
        with pytest.raises(PlcError, match=r"in1\.a"):
            await links.write(TagName("in1.a"), 7)
        assert new.written == [(TagName("in1.b"), 7)]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (new.stops, other.stops) == (1, 1)

    virtually(story())


def test_a_link_that_breaks_ends_them_all() -> None:
    class Broken(Wire):
        async def run(self) -> None:
            raise RuntimeError("a mistake in a driver")

    async def story() -> None:
        with pytest.raises(ExceptionGroup):
            await Links([Wire("plc1"), Broken("plc2")]).run()

    virtually(story())

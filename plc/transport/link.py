"""Keep a link alive: try, say what ended it, tell that nothing can be trusted, wait, and try again."""

import asyncio
import traceback
import zlib
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from plc.transport.published import Published
from plc.transport.retry import BackOff
from plc.transport.stopping import heed_cancellation
from plc.transport.tally import Tally
from scada.model.device import LinkState
from scada.model.tag import Quality
from scada.ports import PlcError

STAGGER_S = 0.2
"""Devices begin within so long, each at its own moment, and so do their scans ever after."""

log = structlog.get_logger(__name__)

LAYOUT = "plc.layout"
"""The point that says how a PLC's registers are laid out."""


class NeedsPerson(PlcError):
    """Trying again will not help until a person has done what the message says."""

    state = LinkState.REFUSED


class ForeignLayout(NeedsPerson):
    """The PLC is laid out in a way that the tag map does not describe: its numbers would mean something else."""

    state = LinkState.FOREIGN


async def keep_trying(
    tally: Tally, live_once: Callable[[], Awaitable[None]], published: Published, back_off: BackOff
) -> NoReturn:
    """Live through one connection after the other until cancelled, whatever ended the last one."""
    published.all_bad(Quality.NOT_CONNECTED)
    await asyncio.sleep(stagger_s(tally.device))
    while True:
        quality = Quality.NOT_CONNECTED
        try:
            await live_once()
        except NeedsPerson as error:
            if str(error) != tally.why:
                log.error("plc cannot be used", plc=tally.device, why=str(error))
            quality = Quality.CONFIGURATION
            tally.lost(error.state, str(error))
        except PlcError as error:
            log.warning("plc link lost", plc=tally.device, why=str(error))
            tally.lost(LinkState.DOWN, str(error))
        except asyncio.CancelledError:
            heed_cancellation()
            log.error("plc link cancelled by a part of itself", plc=tally.device)
            tally.lost(LinkState.DOWN, "cancelled")
        except Exception as error:  # noqa: BLE001 - polling that ends without a word is the worst that can happen
            log.error("plc link broke", plc=tally.device, why=repr(error), where=_where(error))
            tally.lost(LinkState.DOWN, repr(error))
        finally:
            published.all_bad(quality)
        heed_cancellation()
        await asyncio.sleep(back_off.next_s())


def _where(error: Exception) -> list[str]:
    """Say where it was raised, innermost last, without reading sources from disk as a whole traceback would."""
    places = [f"{frame.f_code.co_filename}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    return places[-3:]


def stagger_s(device: str) -> float:
    """Say when a device begins; always the same for its name."""
    return zlib.crc32(device.encode()) / 2**32 * STAGGER_S

"""Whatever the line and the machines do to a command, it opens once at most, and the server never claims otherwise."""

import asyncio
from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from scada.model.handshake import Done, NotDone, Unknowable
from tests.support.engine import Fate, KeptBook, MemoryPlc, Plant, virtually

COMMANDS = 3

fates = st.one_of(
    st.just(Fate()),
    st.builds(
        Fate,
        delay_s=st.one_of(st.none(), st.just(0.0), st.floats(0.05, 0.8), st.floats(0.05, 6.0)),
        is_acknowledged=st.booleans(),
        is_torn=st.booleans(),
    ),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What else happens, `at_s` after a command was asked for."""

    what: str
    at_s: float


troubles = st.builds(
    Trouble,
    what=st.sampled_from(
        ["nothing", "plc restarts", "link breaks", "car changes", "server restarts", "stranger", "newer answer"]
    ),
    at_s=st.one_of(st.floats(0.01, 0.4), st.floats(0.0, 3.0)),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to open, with all that goes wrong meanwhile."""

    fates: list[Fate]
    trouble: Trouble
    rest_s: float


attempts = st.builds(
    Attempt, fates=st.lists(fates, min_size=2, max_size=2), trouble=troubles, rest_s=st.floats(0.0, 4.0)
)


def make_trouble(plant: Plant, what: str) -> None:
    plc, loop = plant.plc, asyncio.get_running_loop()
    match what:
        case "plc restarts":
            plc.restart()
        case "link breaks":
            plc.is_linked = False
            loop.call_later(4.5, setattr, plc, "is_linked", True)
        case "car changes":
            plc.car_goes()
            plc.car_comes()
        case "stranger":
            plc.stranger_claims(plc.claim_now ^ 1 or 2)
        case "newer answer":
            plc.ack_seq += 50
        case _:
            return


async def attempt(plant: Plant, number: int, task: Attempt, name: str) -> object:
    """Try to open; None if the server is stopped before it knows."""
    plant.plc.fates = list(task.fates)
    opening = asyncio.create_task(plant.open(number, name))
    await asyncio.sleep(task.trouble.at_s)
    if task.trouble.what == "server restarts":
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        return None
    make_trouble(plant, task.trouble.what)
    return await opening


async def live(plc: MemoryPlc, book: KeptBook, tasks: list[Attempt]) -> dict[str, object]:
    """Run all attempts, through as many lives of the server as that takes; give what was said of each."""
    said: dict[str, object] = {}
    waiting = [(f"p{place}", task) for place, task in enumerate(tasks)]
    while waiting:
        async with Plant(plc, book) as plant:
            if plc.passage_now == 0:
                plc.car_comes()
            await asyncio.sleep(6)
            while waiting:
                name, task = waiting.pop(0)
                said[name] = await attempt(plant, plc.passage_now, task, name)
                if task.trouble.what == "server restarts":
                    break
                await asyncio.sleep(task.rest_s)
    async with Plant(plc, book):
        plc.is_linked = True
        plc.approach = False
        await asyncio.sleep(20)
    return said


def openings(plc: MemoryPlc, book: KeptBook) -> Counter[str]:
    by_seq = {intent.block.seq: intent.passage for intent in book.intents}
    return Counter(by_seq[block.seq] for block in plc.opened)


@given(
    tasks=st.lists(attempts, min_size=1, max_size=COMMANDS),
    by_method=st.booleans(),
    commit_s=st.sampled_from([0.01, 0.3, 1.0]),
)
def test_no_command_opens_twice_and_what_the_server_says_is_true(
    tasks: list[Attempt], by_method: bool, commit_s: float
) -> None:
    plc, book = MemoryPlc(answers_by_method=by_method), KeptBook(commit_s)
    said = virtually(live(plc, book, tasks))
    opened = openings(plc, book)
    assert not await_nothing(book)
    for intent in book.intents:
        told = book.outcomes[intent.id]
        assert said[intent.passage] in (told, None)
        assert opened[intent.passage] <= 1
        match told:
            case Done():
                assert opened[intent.passage] == 1
            case NotDone():
                assert opened[intent.passage] == 0
            case Unknowable():
                assert sum(block.seq == intent.block.seq for block in plc.received) <= 2
    for block in plc.opened:
        assert block in [intent.block for intent in book.intents]


def await_nothing(book: KeptBook) -> list[int]:
    """Give the numbers of the commands that nobody has settled."""
    return [intent.block.seq for intent in book.intents if intent.id not in book.outcomes]

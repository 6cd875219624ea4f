"""The invariants of `lanes.md` §3, whatever happens in whatever order."""

from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given, settings

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane.image import OFF, UNKNOWN, LaneImage
from scada.model.lane.states import Lane, Step
from scada.model.lane.step import step
from scada.model.lane.words import Direction, OpenRequest, Reason
from scada.model.names import LaneName, OrderId, PassageId, RequestId, StayId
from scada.model.plate import PlateUnread
from tests.support.lane import ON, READY, START, TIMING, order_of, quote_of, read_of

SIGNALS = st.sampled_from([ON, OFF, OFF, ON, UNKNOWN])
STAYS = st.sampled_from(["S1", "S2"])
NUMBERS = st.integers(1, 2)

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "approach": SIGNALS,
        "safety": SIGNALS,
        "up": SIGNALS,
        "down": SIGNALS,
        "close_permit": SIGNALS,
        "mode": st.sampled_from([Mode.AUTO] * 4 + [Mode.LOCKED, Mode.RESYNC, Mode.HOLD_OPEN, Mode.FIRE]),
        "attached": st.sampled_from([ON, ON, ON, OFF]),
        "passage_now": st.integers(0, 3),
        "passage_next": st.integers(0, 3),
        "passage_last": st.integers(0, 3),
        "outcome": st.sampled_from(PassageOutcome),
        "rises": st.integers(0, 2),
        "rise_cause": st.sampled_from(RiseCause),
        "alive": st.sampled_from([True, True, True, False]),
        "claimed": st.sampled_from([True, True, False]),
    },
)

ANSWERS = st.one_of(
    st.just(("read",)),
    st.just(("unread",)),
    st.just(("corrected",)),
    st.just(("admitted",)),
    st.just(("not admitted",)),
    st.tuples(st.just("stay"), STAYS),
    st.just(("no stay",)),
    st.tuples(st.just("quoted"), STAYS, st.sampled_from([0, 500]), NUMBERS),
    st.tuples(st.just("ordered"), STAYS, NUMBERS),
    st.just(("billing failed",)),
    st.tuples(st.just("paid"), STAYS, NUMBERS),
    st.just(("operator opens",)),
    st.just(("rejected",)),
    st.just(("help",)),
    st.just(("done",)),
    st.just(("refused",)),
    st.just(("unknown",)),
)

ROAD = st.sampled_from(
    [
        {"approach": ON, "passage_now": 1},
        {"approach": ON, "passage_now": 2, "passage_last": 1, "outcome": PassageOutcome.UNCERTAIN},
        {"up": ON, "down": OFF, "rises": 1, "rise_cause": RiseCause.AUTHORISED},
        {"safety": ON},
        {"approach": OFF},
        {"safety": OFF, "passage_now": 0, "passage_last": 1, "outcome": PassageOutcome.FORWARD},
        {"safety": OFF, "passage_now": 2, "passage_last": 1, "outcome": PassageOutcome.FORWARD},
        {"passage_now": 0, "passage_last": 1, "outcome": PassageOutcome.BACKED_OUT},
        {"up": OFF, "down": ON, "close_permit": ON},
    ]
)
"""What a car on the normal road makes the PLC show: without it chance would seldom get past the loop."""
_PRICED = (
    {"approach": ON, "passage_now": 1},
    ("read",),
    ("stay", "S1"),
    ("quoted", "S1", 500, 1),
    ("ordered", "S1", 1),
)
_LET_IN = ({"approach": ON, "passage_now": 1}, ("read",))
BEGINNINGS = st.sampled_from([(), _LET_IN, (*_LET_IN, ("admitted",)), _PRICED, (*_PRICED, ("paid", "S1", 1))])
"""How far the car has come before chance takes over."""
HAPPENINGS = st.builds(
    lambda beginning, rest: [*beginning, *rest],
    BEGINNINGS,
    st.lists(st.one_of(ROAD, ANSWERS, ROAD, ANSWERS, CHANGES, st.floats(0.1, 100)), max_size=30),
)


def answer(kind: tuple[object, ...], of: PassageId, now: e.Now) -> e.Event:
    """Build the event of an answer about a passage."""
    match kind:
        case ("read",):
            return e.PlateSeen(of, read_of("京A12345"), **now)
        case ("unread",):
            return e.PlateSeen(of, PlateUnread("dark", None), **now)
        case ("corrected",):
            return e.PlateCorrected(of, read_of("京B99999"), **now)
        case ("admitted",):
            return e.Admitted(of, **now)
        case ("not admitted",):
            return e.NotAdmitted(of, "full", **now)
        case ("stay", str(stay)):
            return e.StayFound(of, StayId(stay), "camera", **now)
        case ("no stay",):
            return e.StayNotFound(of, (), **now)
        case ("quoted", str(stay), int(due), int(number)):
            return e.Quoted(of, quote_of(stay, due, number), **now)
        case ("ordered", str(stay), int(number)):
            quote = quote_of(stay, 500, number)
            return e.OrderMade(of, quote, order_of(quote, number), now["at_s"] + 90, **now)
        case ("billing failed",):
            return e.BillingFailed(of, "quote", "away", **now)
        case ("paid", str(stay), int(number)):
            return e.OpenRequested(_request(StayId(stay), OrderId(f"order{number}"), None), **now)
        case ("operator opens",):
            return e.OpenRequested(_request(None, None, of), **now)
        case ("rejected",):
            return e.Rejected(of, "li", "full", **now)
        case ("help",):
            return e.HelpCalled(of, **now)
        case ("done",):
            return e.CommandDone(of, **now)
        case ("refused",):
            return e.CommandRefused(of, "busy", **now)
        case _:
            return e.CommandUnknown(of, "no link", **now)


def _request(stay: StayId | None, order: OrderId | None, passage: PassageId | None) -> OpenRequest:
    reason = Reason.PAID if order else Reason.EQUIPMENT
    return OpenRequest(RequestId("r"), stay, order, passage, reason, "billing" if order else "li", START)


def changed(image: LaneImage, changes: dict[str, object]) -> LaneImage:
    count = image.rise_count + int(str(changes.get("rises", 0)))
    rest = {name: value for name, value in changes.items() if name != "rises"}
    return replace(image, rise_count=count, **rest)  # type: ignore[arg-type]


Story = list[tuple[Lane, e.Event, Step]]


def told(direction: Direction, happenings: list[object]) -> Story:
    """Let it all happen to one lane; answers are about the live passage or, at times, the one before."""
    lane, image, at_s = Lane(LaneName("lane"), direction), READY, 0.0
    passages = [PassageId("nobody")]
    story: Story = []
    for happening in happenings:
        at_s += 1.0
        now: e.Now = {"at": START + timedelta(seconds=at_s), "at_s": at_s}
        match happening:
            case dict():
                image = changed(image, happening)
                event: e.Event = e.ImageSeen(image, **now)
            case float():
                at_s += happening
                event = e.TimePassed(at=START + timedelta(seconds=at_s), at_s=at_s)
            case tuple():
                event = answer(happening, passages[-1], now)
            case _:
                raise AssertionError(happening)
        done = step(lane, event, TIMING)
        story.append((lane, event, done))
        lane = done.lane
        if lane.live is not None and lane.live.id != passages[-1]:
            passages.append(lane.live.id)
    return story


DIRECTIONS = st.sampled_from(Direction)


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=400)
def test_the_gate_is_commanded_only_for_the_live_certain_car_in_auto(
    direction: Direction, happenings: list[object]
) -> None:
    for _, _, done in told(direction, happenings):
        for command in done.commands:
            if isinstance(command, c.OpenGate):
                lane = done.lane
                assert lane.live is not None
                assert command.authorisation.passage == lane.live.id
                assert command.number == lane.live.number
                assert lane.image.mode is Mode.AUTO
                assert lane.image.claimed
                assert lane.image.alive
                assert lane.image.approach.is_on


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=400)
def test_a_payment_never_opens_for_another_stays_car(direction: Direction, happenings: list[object]) -> None:
    for before, event, done in told(direction, happenings):
        if isinstance(event, e.OpenRequested) and event.request.order is not None:
            opened = [command for command in done.commands if isinstance(command, c.OpenGate)]
            stands_there = before.live is not None and before.live.stay == event.request.stay
            assert stands_there or not opened
            assert len([command for command in done.commands if isinstance(command, c.AnswerRequest)]) == 1


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=400)
def test_one_leave_commands_at_most_once(direction: Direction, happenings: list[object]) -> None:
    leaves = [
        command.authorisation
        for _, _, done in told(direction, happenings)
        for command in done.commands
        if isinstance(command, c.OpenGate)
    ]
    assert len(set(leaves)) == len(leaves)


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=400)
def test_a_stay_begins_and_ends_only_on_a_completed_authorised_passage(
    direction: Direction, happenings: list[object]
) -> None:
    ended: dict[PassageId, PassageOutcome] = {}
    for before, event, done in told(direction, happenings):
        if isinstance(event, e.ImageSeen):
            ended |= {
                one.id: event.image.outcome
                for one in (before.live, before.follower)
                if one is not None and one.number == event.image.passage_last
            }
        for command in done.commands:
            if isinstance(command, c.BeginStay | c.EndStay):
                assert ended[command.passage.id] in proof_of(command.reason, before, command.passage.id)


def proof_of(reason: Reason, before: Lane, passage: PassageId) -> set[PassageOutcome]:
    """Give the outcomes that prove a passage: under leave the loops, or the plate behind it (path B)."""
    if reason in (Reason.TAILGATE, Reason.OPEN_LANE, Reason.FIRE):
        return {PassageOutcome.FORWARD, PassageOutcome.TAILGATE}
    if before.unsettled is not None and before.unsettled.passage.id == passage:
        return {PassageOutcome.UNCERTAIN}
    return {PassageOutcome.FORWARD}


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=400)
def test_every_rise_has_exactly_one_record(direction: Direction, happenings: list[object]) -> None:
    story = told(direction, happenings)
    counts = [command.count for _, _, done in story for command in done.commands if isinstance(command, c.RecordRise)]
    assert len(set(counts)) == len(counts)
    last = story[-1][2].lane.rises if story else None
    if counts and last is not None:
        assert counts == list(range(counts[0], last + 1))


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=400)
def test_every_passage_is_recorded_once_and_none_is_forgotten(direction: Direction, happenings: list[object]) -> None:
    story = told(direction, happenings)
    begun = {done.lane.live.id for _, _, done in story if done.lane.live is not None}
    ended = [
        command.passage.id for _, _, done in story for command in done.commands if isinstance(command, c.RecordPassage)
    ]
    assert len(set(ended)) == len(ended)
    assert begun - set(ended) <= (not_over(story[-1][2].lane) if story else set())


def not_over(lane: Lane) -> set[PassageId]:
    """Give the passages that are still under way, or whose car is still being identified."""
    live = {lane.live.id} if lane.live else set()
    unsettled = {lane.unsettled.passage.id} if lane.unsettled else set()
    return live | unsettled | {one.passage.id for one in lane.late}


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=200)
def test_the_same_story_is_told_twice_the_same(direction: Direction, happenings: list[object]) -> None:
    assert told(direction, happenings) == told(direction, happenings)


@given(DIRECTIONS, HAPPENINGS)
@settings(max_examples=400)
def test_a_case_that_is_opened_is_closed_with_its_state(direction: Direction, happenings: list[object]) -> None:
    open_cases: set[PassageId] = set()
    for _, _, done in told(direction, happenings):
        for command in done.commands:
            if isinstance(command, c.OpenCase):
                assert command.passage not in open_cases
                open_cases.add(command.passage)
            if isinstance(command, c.CloseCase):
                open_cases.remove(command.passage)
    assert len(open_cases) <= 1

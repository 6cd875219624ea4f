"""The operators: a case pops, they look at the pictures, and decide. Mostly right."""

from random import Random

from scada.model.lane import events as e
from scada.model.lane.words import Direction, Reason
from scada.model.names import PassageId, StayId
from scada.model.plate import ReadBy
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.books import Books
from scada.sim.virtual.camera import read_of
from scada.sim.virtual.cast import twin
from scada.sim.virtual.forecourt import Turn, Visit
from scada.sim.virtual.post import Post
from scada.sim.virtual.till import Till

ANSWER_MS = (4000, 15_000)
RESOLVE_MS = (8000, 45_000)
AGAIN_MS = 25_000
MOST_TRIES = 5
"""Then the car is sent back: another lane, another try."""
SHARE_MISTAKES = 0.002
"""Takes a plate that is one sign wrong."""


class Operators:
    """The people at the seats."""

    def __init__(self, agenda: Agenda, till: Till, books: Books, random: Random) -> None:
        self.posts: dict[str, Post] = {}
        self._agenda = agenda
        self._till = till
        self._books = books
        self._random = random

    def case_opened(self, post: Post, passage: PassageId) -> None:
        """Answer, look, and decide after a while."""
        wait_ms = self._random.randrange(*ANSWER_MS) + self._random.randrange(*RESOLVE_MS)
        self._agenda.after(wait_ms, self._decide, post, passage, 1)

    def stay_of(self, visit: Visit) -> StayId | None:
        """Find the stay of a car by its entry picture, if it has one that is open."""
        entered = visit.entered
        stay = self.posts[entered.lane].stays.get(entered.number) if entered is not None else None
        return stay if stay is not None and self._till.stays[stay].ending is None else None

    def _decide(self, post: Post, passage: PassageId, tries: int) -> None:
        live = post.runner.lane.live
        if passage not in post.cases or live is None or live.id != passage:
            return
        if not post.runner.alive:
            self._agenda.after(AGAIN_MS, self._decide, post, passage, tries)
            return
        turn = post.road.front
        if turn is not None and turn.standing and not turn.under:
            if tries > MOST_TRIES:
                self._say("sent back", post, e.Rejected(passage, "li", "another lane", **post.runner.now()))
            elif post.direction is Direction.ENTRY:
                self._at_entry(post, passage, turn)
            else:
                self._at_exit(post, passage, turn)
        self._agenda.after(AGAIN_MS, self._decide, post, passage, tries + 1)

    def _at_entry(self, post: Post, passage: PassageId, turn: Turn) -> None:
        live = post.runner.lane.live
        plate = turn.visit.car.plate
        if plate is None or not self._is_about_plate(post.cases[passage]):
            self._open(post, passage, Reason.VISITOR if plate is None else Reason.EQUIPMENT)
        elif live is not None and (live.read is None or live.read.text != plate):
            self._correct(post, passage, turn)
        else:
            self._open(post, passage, Reason.EQUIPMENT)

    def _at_exit(self, post: Post, passage: PassageId, turn: Turn) -> None:
        why, live = post.cases[passage], post.runner.lane.live
        own = self.stay_of(turn.visit)
        if own is None:
            self._open(post, passage, Reason.GOODWILL)
        elif live is not None and live.stay != own:
            self._say("stay picked", post, e.StayFound(passage, own, "li", **post.runner.now()))
        elif why == "the driver does not pay":
            self._open(post, passage, self._random.choice((Reason.EQUIPMENT, Reason.PAID_NOT_ARRIVED, Reason.GOODWILL)))
        else:
            self._open(post, passage, self._random.choice((Reason.EQUIPMENT, Reason.QUEUE)))

    def _is_about_plate(self, why: str) -> bool:
        return not why.startswith(("the PLC", "the leave", "barrier", "the gate"))

    def _correct(self, post: Post, passage: PassageId, turn: Turn) -> None:
        shown = turn.visit.car.plate
        if shown is None:
            return
        if self._random.random() < SHARE_MISTAKES:
            self._books.done["operator's mistake"] += 1
            shown = twin(self._random, shown)
        read = read_of(shown, 1.0, 1, ReadBy.OPERATOR)
        self._say("plate corrected", post, e.PlateCorrected(passage, read, **post.runner.now()))

    def _open(self, post: Post, passage: PassageId, reason: Reason) -> None:
        self._books.done[f"opened by hand: {reason.value}"] += 1
        post.request(reason, "li", passage, None, "")

    def _say(self, what: str, post: Post, event: e.Event) -> None:
        self._books.done[what] += 1
        post.hear(event)

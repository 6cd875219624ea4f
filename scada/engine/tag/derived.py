"""Derived tags: which formula follows which tag, in an order in which each is reckoned once."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from heapq import heappop, heappush

import structlog

from scada.formula import Formula, FormulaError, Reads, Reckoned, Reckoner, circle, parse
from scada.model.tag import TagName, TagSpec

log = structlog.get_logger()


class Formulas:
    """The formulas of the site. What a map's lint refuses is told here once and stays CONFIGURATION."""

    def __init__(self, specs: Iterable[TagSpec], known: Iterable[TagName], reads: Reads) -> None:
        self._specs = {spec.name: spec for spec in specs if spec.formula}
        self._reckoner = Reckoner(reads)
        self._told: dict[TagName, str] = {}
        self._formulas = dict(self._readable(frozenset(known)))
        self._drop_circles()
        order = TopologicalSorter({name: formula.inputs for name, formula in self._formulas.items()}).static_order()
        self._order = [name for name in order if name in self._formulas]
        self._rank = {name: rank for rank, name in enumerate(self._order)}
        self._feeds: dict[TagName, list[int]] = {}
        for rank, name in enumerate(self._order):
            for read in self._formulas[name].inputs:
                self._feeds.setdefault(read, []).append(rank)

    @property
    def inputs(self) -> Mapping[TagName, frozenset[TagName]]:
        """Which tags each derived tag looks at."""
        return {name: formula.inputs for name, formula in self._formulas.items()}

    def wrong(self, name: TagName) -> str:
        """Say what is wrong with a derived tag's formula now; empty if nothing is."""
        return self._told.get(name, "")

    def after(self, moved: Iterable[TagName]) -> "Following":
        """Give what follows from tags that have changed."""
        following = Following(self._feeds, self._order)
        following.moved(moved)
        return following

    def all(self) -> "Following":
        """Give all derived tags, in order."""
        return Following(self._feeds, self._order, self._rank.values())

    def reckon(self, name: TagName) -> Reckoned:
        """Reckon one derived tag; a mistake is told when it begins."""
        done = self._reckoner.reckon(self._formulas[name], self._specs[name])
        if done.why and name not in self._told:
            log.error("a formula cannot be reckoned", tag=name, formula=self._specs[name].formula, why=done.why)
            self._told[name] = done.why
        elif not done.why and name in self._told:
            del self._told[name]
        return done

    def broken(self) -> Iterator[TagName]:
        """Give the derived tags whose formula cannot be used at all."""
        yield from (name for name in self._specs if name not in self._formulas)

    def _readable(self, known: frozenset[TagName]) -> Iterator[tuple[TagName, Formula]]:
        for name, spec in self._specs.items():
            try:
                formula = parse(spec.formula)
            except FormulaError as error:
                self._refuse(name, str(error))
                continue
            if missing := sorted(formula.inputs - known):
                self._refuse(name, f"there is no tag {', '.join(missing)}")
            else:
                yield name, formula

    def _drop_circles(self) -> None:
        while round_ := circle(self.inputs):
            for name in set(round_):
                self._refuse(name, f"{' -> '.join(round_)} is a circle")
                self._formulas.pop(name, None)

    def _refuse(self, name: TagName, why: str) -> None:
        self._told[name] = why
        log.error("a formula cannot be used", tag=name, formula=self._specs[name].formula, why=why)


class Following:
    """The derived tags that follow from changes, each once and after all that it looks at."""

    def __init__(self, feeds: Mapping[TagName, list[int]], order: list[TagName], first: Iterable[int] = ()) -> None:
        self._feeds, self._order = feeds, order
        self._waiting = sorted(first)
        self._known = set(self._waiting)

    def moved(self, names: Iterable[TagName]) -> None:
        """Let what looks at changed tags follow."""
        for name in names:
            for rank in self._feeds.get(name, ()):
                if rank not in self._known:
                    self._known.add(rank)
                    heappush(self._waiting, rank)

    def __iter__(self) -> Iterator[TagName]:
        while self._waiting:
            yield self._order[heappop(self._waiting)]

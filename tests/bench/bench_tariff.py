"""How fast stays are priced, and how long a year of a 1,000-space car park takes under a draft.

Beside the engine its peer: the same stays under a price of one line of Python, which is what any engine is measured by.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from billing.drafts.reprice import Past, Repricer
from billing.tariff import ANY_CAR, NO_TABLE, Pricer, Tariff, quote
from billing.versions.files import read_file, read_folder
from tests.bench.support import run, show
from tests.support.tariffs import EXAMPLES, SHANGHAI, SHIPPED, example

STAYS, YEAR, STAYS_A_DAY = 20_000, 365, 1_900
Stay = tuple[datetime, datetime]


def main() -> None:
    """Print the table."""
    random = Random(20260303)  # noqa: S311 - the same stays every time
    stays = list(made(random, STAYS))
    demo = read_file(SHIPPED / "demo-1.toml")
    rows = [("one line of Python", f"{rate(bare, stays):,.0f}", "", "")]
    shipped = [demo, *(file.tariff for file in read_folder(EXAMPLES).files)]
    rows += [speeds(tariff, stays) for tariff in shipped]
    show("stays priced per second of CPU", ("tariff", "total", "with lines", "quote with next change"), rows)
    whole = made(Random(7), YEAR * STAYS_A_DAY)  # noqa: S311
    years = [year(demo, draft, whole) for draft in shipped]
    show("a year under a draft, both prices", ("draft", "stays", "a second", "CPU seconds"), years)
    long = [long_stay(name, number) for name in ("lanzhou-2nd-hospital", "beijing-road-class1") for number in (1, 10)]
    show("one long stay", ("tariff", "years", "CPU ms for its lines", "and its next change"), long)


def speeds(tariff: Tariff, stays: list[Stay]) -> tuple[str, str, str, str]:
    """Price by total alone, with lines, and as a whole quote."""
    pricer = Pricer(tariff, SHANGHAI)
    total = rate(lambda stay: pricer.total(*stay), stays)
    lines = rate(lambda stay: pricer.price(*stay), stays[:3000])
    whole = rate(lambda stay: quote(tariff, stay[0], stay[1], SHANGHAI), stays[:1000])
    return tariff.name, f"{total:,.0f}", f"{lines:,.0f}", f"{whole:,.0f}"


def made(random: Random, number: int) -> list[Stay]:
    """Make stays as a shopping centre has them: two hours most often, a few of days."""
    began = datetime(2026, 1, 1, tzinfo=SHANGHAI)
    found = []
    for _ in range(number):
        entered = began + timedelta(seconds=random.randrange(YEAR * 86_400))
        found.append((entered, entered + timedelta(seconds=int(random.lognormvariate(8.8, 1.0)))))
    return found


def bare(stay: Stay) -> int:
    """Price started hours and nothing else."""
    return -(-((stay[1] - stay[0]) // timedelta(minutes=1)) // 60) * 500


def rate(price: Callable[[Stay], object], stays: list[Stay]) -> float:
    """Give how many stays a second are priced."""
    began = time.process_time()
    for stay in stays:
        price(stay)
    return len(stays) / (time.process_time() - began)


def year(own: Tariff, draft: Tariff, stays: list[Stay]) -> tuple[str, str, str, str]:
    """Reprice a year's stays under the version that they were charged by and under a draft."""
    began = time.process_time()
    found = Repricer(draft, SHANGHAI, NO_TABLE).reprice(past(own, stays)).whole
    took_s = time.process_time() - began
    return draft.name, f"{found.stays:,}", f"{found.stays / took_s:,.0f}", f"{took_s:.1f}"


def past(own: Tariff, stays: list[Stay]) -> Iterator[Past]:
    """Give stays as the books have them."""
    terms = json.dumps(own.terms())
    return (Past("", "", "", ANY_CAR, *stay, terms) for stay in stays)


def long_stay(name: str, years: int) -> tuple[str, str, str, str]:
    """Price a car that nobody has fetched for years."""
    entered = datetime(2026, 1, 1, 10, tzinfo=SHANGHAI)
    until, pricer = entered + timedelta(days=365 * years), Pricer(example(name), SHANGHAI)
    began = time.process_time()
    pricer.price(entered, until)
    priced = time.process_time()
    pricer.next_change(entered, until)
    return name, str(years), f"{(priced - began) * 1000:.0f}", f"{(time.process_time() - priced) * 1000:.0f}"


if __name__ == "__main__":
    run(main, limit_s=400)

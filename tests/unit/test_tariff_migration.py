"""A database of before the first tariff files: its stays cost what they cost, and their drivers keep their promises."""

from datetime import timedelta
from itertools import product
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import insert, select

from billing.stays import kept_tariff
from billing.tariff import Pricer
from scada.store.db import migrate, writing_engine
from scada.store.schema import stay
from scada.store.sql.revisions import MIGRATIONS
from tests.support.tariffs import SHANGHAI, Terms, local

OLD: Terms = {
    "version": "demo-1",
    "free_entry_duration": 15,
    "free_exit_duration": 20,
    "interval_duration": 60,
    "interval_amount": 500,
    "max_fee_per_day": 4000,
    "daily_limit_type": "DAILY_LIMIT_ROLLING_24H",
    "time_rounding_type": "TIME_ROUND_UP",
    "first_charge_time_mode": "FIRST_CHARGE_TIME_MODE_ENTER",
}
DAY = 1440
LENGTHS_S = (0, 1, 899, 900, 901, 3600, 3601, 4500, 4501, 36_000, 86_399, 86_400, 86_401, 90_001, 172_800, 400_000)


def once_cost(old: Terms, gone_s: int) -> int:
    """Reckon as the first tariff did: units begin anew with every 24 hours, each capped; free minutes at the entry."""
    free, unit = int(str(old["free_entry_duration"])), int(str(old["interval_duration"]))
    amount, cap = int(str(old["interval_amount"])), int(str(old["max_fee_per_day"]))
    minutes = gone_s // 60 + (bool(gone_s % 60) and old["time_rounding_type"] == "TIME_ROUND_UP")
    if minutes <= free:
        return 0
    total = 0
    for number in range(-(-minutes // DAY)):
        start = free if not number and str(old["first_charge_time_mode"]).endswith("AFTER_FREE") else 0
        units = -(-max(0, min(minutes - number * DAY, DAY) - start) // unit)
        total += min(units * amount, cap)
    return total


def old_database(folder: Path, *terms: Terms) -> str:
    """Make a database as it was before tariff files, with a stay under each of some terms."""
    url = f"sqlite:///{folder / 'daozha.db'}"
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    engine = writing_engine(url)
    with engine.connect() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0006")
        plain = {"site": "demo", "plate_kind": "ordinary", "plate_colour": "BLUE", "entry_lane": "in1"}
        rows = [
            {**plain, "id": f"s{n:03d}", "plate": f"京A{n:05d}", "entry_passage": f"p{n}", "entered_at": local("10:07")}
            | {"tariff": old["version"], "tariff_terms": old}
            for n, old in enumerate(terms)
        ]
        connection.execute(insert(stay), rows)
        connection.commit()
    engine.dispose()
    return url


def kept_terms(url: str) -> list[Terms]:
    engine = writing_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(select(stay.c.tariff_terms).order_by(stay.c.id)).scalars())
    engine.dispose()
    return found


VARIED: list[Terms] = [
    {**OLD, "time_rounding_type": rounding, "first_charge_time_mode": mode, **more}
    for rounding, mode, more in product(
        ("TIME_ROUND_UP", "TIME_ROUND_DOWN"),
        ("FIRST_CHARGE_TIME_MODE_ENTER", "FIRST_CHARGE_TIME_MODE_AFTER_FREE"),
        (
            {},
            {"free_entry_duration": 0, "interval_duration": 7, "max_fee_per_day": 333},
            {"interval_amount": 0},
            {"max_fee_per_day": 0},
            {"free_entry_duration": 1440},
            {"interval_duration": 5000, "free_exit_duration": 0},
        ),
    )
]


def test_a_stay_of_before_tariff_files_costs_the_same_after_the_migration(tmp_path: Path) -> None:
    url = old_database(tmp_path, *VARIED)
    migrate(url)
    entered_at = local("10:07")
    for old, terms in zip(VARIED, kept_terms(url), strict=True):
        tariff = kept_tariff(terms)
        pricer = Pricer(tariff, SHANGHAI)
        assert (tariff.version, tariff.grace) == ("demo-1", timedelta(minutes=int(str(old["free_exit_duration"]))))
        for gone_s in LENGTHS_S:
            leave = entered_at + timedelta(seconds=gone_s)
            assert pricer.total(entered_at, leave) == once_cost(old, gone_s), (old, gone_s)
            assert pricer.price(entered_at, leave).total_fen == once_cost(old, gone_s), (old, gone_s)


def test_terms_written_by_todays_words_are_left_as_they_are(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    url = old_database(old, OLD)
    migrate(url)
    todays = kept_terms(url)
    url = old_database(new, *todays)
    migrate(url)
    assert kept_terms(url) == todays

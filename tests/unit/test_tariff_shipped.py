"""Every tariff that ships prices a shopping centre's stays, shared and one by one alike: what `make bench` times."""

from random import Random

import pytest

from billing.drafts.reprice import Repricer
from billing.tariff import ANY_CAR, NO_TABLE, Pricer, Tariff
from billing.versions.files import read_file, read_folder
from tests.bench.bench_tariff import made, past
from tests.support.tariffs import EXAMPLES, SHANGHAI, SHIPPED

TARIFFS = [read_file(SHIPPED / "demo-1.toml"), *(file.tariff for file in read_folder(EXAMPLES).files)]


@pytest.mark.parametrize("draft", TARIFFS, ids=lambda tariff: tariff.name)
def test_a_days_stays_repriced_under_a_draft_sum_to_what_each_costs_by_itself(draft: Tariff) -> None:
    stays = list(made(Random(3), 400))  # noqa: S311 - the same stays every time
    found = Repricer(draft, SHANGHAI, NO_TABLE).reprice(past(TARIFFS[0], stays)).whole
    alone = [Pricer(draft, SHANGHAI, ANY_CAR).price(*stay).total_fen for stay in stays]
    assert (found.stays, found.draft_fen) == (400, sum(alone))

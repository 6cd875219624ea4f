"""Whatever in the tables says who somebody is has a rule by which it goes."""

from datetime import UTC, datetime

from scada.model.names import SiteId
from scada.settings.keeping import Retention
from scada.store.retention.rules import Hide, Remove, ends_of, rules
from scada.store.schema import metadata

WHO = frozenset({"plate", "plates", "openid", "payer", "holder"})
"""What such columns are called."""
NOBODY = frozenset({("lease", "holder")})
"""What is called so and is a server."""


def test_every_column_that_says_who_somebody_is_has_a_rule() -> None:
    every = rules(SiteId("demo"), ends_of(Retention(), datetime(2026, 11, 26, tzinfo=UTC)))
    hidden = {(rule.table.name, rule.deed.column) for rule in every if isinstance(rule.deed, Hide)}
    removed = {rule.table.name for rule in every if isinstance(rule.deed, Remove)}
    told = {(table.name, column.name) for table in metadata.sorted_tables for column in table.columns}
    without = {(table, column) for table, column in told if column in WHO and table not in removed} - hidden
    without -= NOBODY
    assert without == set(), "write a rule for them (scada/store/retention/rules.py)"
    assert ("demand", "about") in hidden

"""`daozha check` and `daozha alarms` say of an alarm that it can never be raised, and why."""

from pathlib import Path

import pytest

from scada.__main__ import main
from scada.check import check
from tests.support.house import site_beside

OWN = """
[[alarm]]
code = "pump"
per = "lane"
priority = 4
when = "{lane}.pump.runs"
text = "The pump runs"
text_zh = "水泵运行"
consequence = "-"
consequence_zh = "-"
response = "look"
response_zh = "查看"
within_s = 60
"""


def test_an_alarm_whose_tags_are_nowhere_is_a_mistake_and_one_that_is_there_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = site_beside(tmp_path)
    text = config.read_text(encoding="utf-8")
    config.write_text(text + OWN, encoding="utf-8")
    (mistake,) = [one for one in check(config) if "alarm" in str(one)]
    assert "'pump' looks at tags that this site has nowhere" in str(mistake)
    config.write_text(text + OWN.replace("pump.runs", "gate.mains"), encoding="utf-8")
    assert not [one for one in check(config) if "alarm" in str(one)]
    assert main(["alarms", "--config", str(config), "--json"]) == 0
    assert '"id": "out1.pump"' in capsys.readouterr().out
    config.write_text(text + OWN.replace("{lane}.pump.runs", "1 +"), encoding="utf-8")
    assert main(["alarms", "--config", str(config)]) == 2

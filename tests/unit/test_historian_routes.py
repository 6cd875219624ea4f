"""Which way a server takes points, by what it says of itself, and what VictoriaMetrics is not sent."""

import json

import pytest

from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.store.historian.points import Point
from scada.store.historian.remote import victoria
from scada.store.historian.remote.answers import retry_after_s
from scada.store.historian.remote.lines import line
from scada.store.historian.remote.routes import Found, Route, route_of, version_of

SITE = SiteId("demo")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.9.6", Route.V1),
        ("1.6.7~rc0", Route.V1),
        ("v1.7.11", Route.V1),
        ("1.8.10", Route.V1_BY_V2),
        ("v1.12.1", Route.V1_BY_V2),
        ("v2.7.12", Route.V2),
        ("3.2.1", Route.V3),
        ("4.0.0", Route.V3),
        ("", Route.V2),
        ("relay", Route.V2),
    ],
)
def test_the_version_says_the_way(version: str, expected: Route) -> None:
    assert route_of(version, is_victoria=False) is expected
    assert route_of(version, is_victoria=True) is Route.VICTORIA


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"X-Influxdb-Version": "1.8.10"}, "", "1.8.10"),
        ({"x-influxdb-version": "v2.7.12"}, "", "v2.7.12"),
        ({}, '{"version": "3.2.1"}', "3.2.1"),
        ({}, "OK", ""),
        ({}, "[]", ""),
    ],
)
def test_the_version_stands_in_a_header_or_in_the_body(headers: dict[str, str], body: str, expected: str) -> None:
    assert version_of(headers, body) == expected


def test_a_server_is_called_by_its_name() -> None:
    assert str(Found(Route.V1, "1.6.7")) == "InfluxDB 1.6.7"
    assert str(Found(Route.V2, "")) == "a server like InfluxDB 2"
    assert str(Found(Route.VICTORIA, "")) == "VictoriaMetrics"


@pytest.mark.parametrize("text", ["open", 'with "quotes" and \\', "a,text=b c 5", "", "开闸"])
def test_no_text_is_sent_where_it_would_be_stored_as_nought(text: str) -> None:
    point = Point(TagName("out1.lane.state"), 1772352000000, None, text, 0)
    sent = victoria.without_text(line(SITE, point))
    assert sent == "lane_state,lane=out1,point=lane.state,site=demo quality=0i 1772352000000"


def test_value_and_quality_of_an_export_are_one_point_even_if_it_is_there_twice() -> None:
    lines = [
        json.dumps({"metric": {"__name__": "scada_value"}, "values": [1, 2.5, 2.5], "timestamps": [10, 20, 20]}),
        json.dumps({"metric": {"__name__": "scada_quality"}, "values": [0, 0, 9, 0], "timestamps": [10, 20, 30, 20]}),
    ]
    assert victoria.rows(lines) == [(10, 1.0, None, 0), (20, 2.5, None, 0), (30, None, None, 9)]
    assert victoria.times(lines) == 4


@pytest.mark.parametrize(
    ("header", "date", "expected"),
    [
        ("7", "", 7.0),
        ("Sun, 01 Mar 2026 08:00:09 GMT", "Sun, 01 Mar 2026 08:00:00 GMT", 9.0),
        ("Sun, 01 Mar 2026 08:00:00 GMT", "Sun, 01 Mar 2026 08:00:09 GMT", 0.0),
        ("Sun, 01 Mar 2026 08:00:00 GMT", "", None),
        ("soon", "Sun, 01 Mar 2026 08:00:00 GMT", None),
        ("", "", None),
    ],
)
def test_the_time_of_the_next_try_is_read_in_either_form(header: str, date: str, expected: float | None) -> None:
    assert retry_after_s(header, date) == expected

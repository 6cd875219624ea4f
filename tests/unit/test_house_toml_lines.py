"""Every key of a TOML text is found on its line."""

from scada.model.tomllines import key_lines, key_text, line_of

TEXT = '''# a = 1
top = "x = 1"           # [not.a.table]

[site]
id = "demo"
"quoted key" = 2
note = """
id = "not a key"
[not.a.table]
"""

[[lanes]]
name = "in1"
timing = { t_help_s = 20.0 }

[[lanes]]
name = "out1"
region = [
    [0.0, 0.1],
    [1.0, 0.9],
]
after = 1

[lanes.extra]
depth = 3

[web.control]
port.number = 8080
'''


def at(*path: str | int) -> int | None:
    return line_of(key_lines(TEXT), path)


def test_keys_and_tables_are_found_on_their_lines() -> None:
    assert at("top") == 2
    assert at("site") == 4
    assert at("site", "id") == 5
    assert at("site", "quoted key") == 6
    assert at("site", "note") == 7
    assert at("web", "control", "port", "number") == 28


def test_elements_of_arrays_of_tables_are_counted() -> None:
    assert at("lanes") == 12
    assert at("lanes", 0, "name") == 13
    assert at("lanes", 1) == 16
    assert at("lanes", 1, "name") == 17
    assert at("lanes", 1, "after") == 22
    assert at("lanes", 1, "extra", "depth") == 25


def test_what_stands_inside_an_inline_value_is_found_at_its_key() -> None:
    assert at("lanes", 0, "timing", "t_help_s") == 14
    assert at("lanes", 1, "region", 1, 0) == 18


def test_a_missing_key_is_sent_to_the_table_that_lacks_it() -> None:
    assert at("site", "zone") == 4
    assert at("nothing") is None


def test_a_key_path_is_written_as_people_read_it() -> None:
    assert key_text(("lanes", 0, "timing", "t_help_s")) == "lanes[0].timing.t_help_s"

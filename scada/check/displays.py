"""What has to fit together about displays and boards, and their texts."""

from collections.abc import Iterator

from lpr.display.texts import TextsError, load_texts
from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading

SECTIONS = ("displays", "boards")


def displays_belong_somewhere(reading: Reading) -> Iterator[Mistake]:
    """See that each has its lane, zone or unit, and that drivers cannot be shown a stranger's code."""
    lanes = {lane.get("name") for lane in reading.tables("lanes")}
    zones = {zone.get("name") for zone in reading.tables("zones")} or {"site"}
    units = {unit.get("name"): unit.get("make") for unit in reading.tables("units")}
    for section, number, told in _all(reading):
        key, known = ("lane", lanes) if section == "displays" else ("zone", zones)
        place = told.get(key)
        if isinstance(place, str) and place not in known:
            names = ", ".join(sorted(str(name) for name in known))
            yield reading.mistake((section, number, key), f"{place!r} is no {key}", f"name one of: {names}")
        address = str(told.get("address", ""))
        if address.startswith("unit:") and units.get(address.removeprefix("unit:")) != "vz":
            what = f"{address.removeprefix('unit:')!r} is no unit of make vz"
            remedy = "only units of make vz pass frames on to their serial line"
            yield reading.mistake((section, number, "address"), what, remedy)
        if section == "displays" and told.get("kind", "daozha") == "daozha" and told.get("key_file") is None:
            what = "it has no key: whoever is on the device network can show drivers a QR code of his own"
            yield reading.mistake(
                (section, number, "name"), what, "write key_file (docs/displays.md)", Severity.WARNING
            )


def texts_can_be_shown(reading: Reading) -> Iterator[Mistake]:
    """Read the site's own texts and tell every mistake in them."""
    written = reading.text("display_texts", "file")
    if written is None:
        return
    try:
        load_texts(reading.file.parent / written)
    except TextsError as error:
        for mistake in error.mistakes:
            yield reading.mistake(("display_texts", "file"), f"{written}: {mistake}", "correct it (docs/displays.md)")


def _all(reading: Reading) -> Iterator[tuple[str, int, dict[str, object]]]:
    for section in SECTIONS:
        for number, told in enumerate(reading.tables(section)):
            yield section, number, told

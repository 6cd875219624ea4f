"""A training site: where the virtual car park takes the lessons that a page asks for."""

from scada.settings.base import Port, Section


class Training(Section):
    """Written by `daozha train` into the configuration of its throw-away site; never by hand.

    `door` is the port of the virtual car park's own door on this machine; `key_file` lies below the data folder.
    """

    door: Port
    key_file: str = "training.key"

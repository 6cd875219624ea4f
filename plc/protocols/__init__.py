"""The protocols that daozha brings: what a map says of each, and its driver."""

from collections.abc import Mapping

from plc.map.protocol import Protocols

BUILT_IN = {
    "modbus-tcp": "plc.protocols.modbus:TCP",
    "modbus-rtu-tcp": "plc.protocols.modbus:RTU_TCP",
    "modbus-rtu": "plc.protocols.modbus:RTU",
    "opcua": "plc.protocols.opcua:OPC_UA",
}
"""Where each is found: `module:object`."""


def protocols(of_site: Mapping[str, str] | None = None) -> Protocols:
    """Give the built-in protocols and those of a site's `[tags.protocols]`."""
    return Protocols({**BUILT_IN, **(of_site or {})})

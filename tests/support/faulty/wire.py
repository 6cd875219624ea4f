"""Where a frame ends and which frames are commands, for the two protocols (pure)."""

import struct
from enum import Enum

_HEAD = {"modbus": 6, "opcua": 8}
_COMMAND_REGISTERS = 9
_CALL_REQUEST = b"\x01\x00\xc8\x02"
"""The encoding of OPC UA's CallRequest, i=712, as it stands near the beginning of a message."""


class Wire(Enum):
    """A protocol as a line sees it."""

    MODBUS = "modbus"
    OPC_UA = "opcua"

    def size(self, begun: bytes) -> int | None:
        """Say how many bytes the frame that begins here has; None while too little of it is there."""
        if len(begun) < _HEAD[self.value]:
            return None
        if self is Wire.MODBUS:
            return 6 + int(struct.unpack_from(">H", begun, 4)[0])
        return max(int(struct.unpack_from("<I", begun, 4)[0]), _HEAD[self.value])

    def is_command(self, frame: bytes) -> bool:
        """Say whether a frame to the PLC carries a gate command."""
        if self is Wire.MODBUS:
            return len(frame) == 31 and frame[7] == 16 and frame[11] == _COMMAND_REGISTERS
        return frame[:3] == b"MSG" and _CALL_REQUEST in frame[:48]

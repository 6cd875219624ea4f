"""A phone's view of a QR code: for the virtual drivers, who scan what the lane's display shows."""

import cv2
import numpy as np

_SIZES = (1.0, 1.5, 0.7, 2.0)
"""A phone moves nearer and farther until its reader finds the code; OpenCV's misses one in sixty at first sight."""


def decode(png: bytes) -> str | None:
    """Read the QR code in a picture; None if there is none."""
    content = np.frombuffer(png, np.uint8)
    picture: object = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if not isinstance(picture, np.ndarray):
        return None
    framed = cv2.copyMakeBorder(picture, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    for size in _SIZES:
        seen = cv2.resize(framed, (0, 0), fx=size, fy=size, interpolation=cv2.INTER_AREA)
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(seen)
        if text:
            return text
    return None

"""A phone's view of a QR code: for the virtual drivers, who scan what the lane's display shows."""

import cv2
import numpy as np


def decode(png: bytes) -> str | None:
    """Read the QR code in a picture; None if there is none."""
    content = np.frombuffer(png, np.uint8)
    picture: object = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if not isinstance(picture, np.ndarray):
        return None
    framed = cv2.copyMakeBorder(picture, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(framed)
    return text or None

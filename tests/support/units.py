"""What units of each make push, as in their makers' documents."""

import base64
import json
from urllib.parse import urlencode

from lpr.push.words import Post

JPEG = b"\xff\xd8\xff\xe0 a picture"


def vz(text: str = "京A12345", number: int = 7, *, late: bool = False, confidence: int = 97, **more: object) -> Post:
    """A read of a VZ unit."""
    result = {
        "license": text,
        "confidence": confidence,
        "colorType": 1,
        "type": 1,
        "plateid": number,
        "isoffline": int(late),
        "triggerType": 8,
        "imageFile": base64.b64encode(JPEG).decode(),
        "timeStamp": {"Timeval": {"sec": 1735700400, "usec": 250_000}},
        "location": {"RECT": {"left": 500, "top": 400, "right": 700, "bottom": 460}},
        **more,
    }
    alarm = {"channel": 0, "deviceName": "in1", "serialno": "VZ-1", "result": {"PlateResult": result}}
    return Post("", "application/json", json.dumps({"AlarmInfoPlate": alarm}, ensure_ascii=False).encode())


def huaxia(plate: str = "京A12345", kind: str = "online", encoding: str = "utf-8") -> Post:
    """A read of a Huaxia unit."""
    fields = {"type": kind, "plate_num": plate, "plate_color": "蓝色", "cam_id": "HX-1", "start_time": "1735700400"}
    return Post("", "application/x-www-form-urlencoded", urlencode(fields, encoding=encoding).encode())


def hikvision(plate: str = "京A12345", document: str = "") -> Post:
    """A read of a Hikvision unit."""
    xml = document or (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<EventNotificationAlert xmlns="http://www.isapi.org/ver20/XMLSchema" version="2.0">'
        "<macAddress>HK-1</macAddress><dateTime>2025-01-01T11:00:00+08:00</dateTime><eventType>ANPR</eventType>"
        f"<ANPR><licensePlate>{plate}</licensePlate><confidenceLevel>97</confidenceLevel>"
        "<plateColor>blue</plateColor></ANPR></EventNotificationAlert>"
    )
    parts = [("anpr.xml", b"text/xml", xml.encode()), ("detectionPicture.jpg", b"image/jpeg", JPEG)]
    body = b""
    for name, kind, content in parts:
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'.encode()
        body += head + b"Content-Type: " + kind + b"\r\n\r\n" + content + b"\r\n"
    return Post("", "multipart/form-data; boundary=b", body + b"--b--\r\n")


def dahua(plate: str = "京A12345") -> Post:
    """A read of a Dahua unit."""
    picture = {
        "Plate": {"PlateNumber": plate, "PlateColor": "Blue", "Confidence": 97},
        "SnapInfo": {"DeviceID": "DH-1", "AccurateTime": "2025-01-01 11:00:00.250"},
        "NormalPic": {"Content": base64.b64encode(JPEG).decode()},
    }
    return Post("NotificationInfo/TollgateInfo", "application/json", json.dumps({"Picture": picture}).encode())

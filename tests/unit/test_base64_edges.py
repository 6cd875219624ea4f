"""What is said to be base64 and is not, signs outside of ASCII too, is refused in words wherever it comes in."""

from typing import cast

import pytest

from billing.cashier import SqlCashier
from scada.bridge import Value
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.sockets import notices
from tests.support.hmi_pages import ControlRoom

BAD = ["no base64!", "ⴤ÷", "AAA", "\x00\x00\x00\x00"]


@pytest.mark.parametrize("text", BAD)
def test_no_list_is_read_from_it(text: str) -> None:
    room = ControlRoom("manager")
    room.plant.verbs["stocktake"] = lambda _args: Value({"inside": []})
    room.sign_in()
    more = {"digest": "d", "reason": "a new list"}
    assert room.command("/api/v1/settings/lists/check", {"file_b64": text}).status_code == 400
    assert room.command("/api/v1/settings/lists/import", {"file_b64": text, **more}).status_code == 400
    assert room.command("/api/v1/stocktake/count", {"file_b64": text}).status_code == 422
    assert not room.plant.asks("import_rights")


@pytest.mark.parametrize("text", BAD)
async def test_no_notice_is_taken_from_it(text: str) -> None:
    take = notices(cast("SqlCashier", None))
    with pytest.raises(BridgeRefusal, match="not base64"):
        await take(Ask("public", "notice", {"headers": {}, "body_b64": text}, "", "", "", ""))

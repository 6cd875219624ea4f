"""What OPC UA says of a node, and what is written to it."""

import asyncio
from pathlib import Path

import pytest
from asyncua import ua

from plc.transport.values import update_of, variant_of
from scada.model.tag import Quality
from tests.support.plc import small_map

ROWS = "tag,device,address,type,access,lo,hi\nin1.loop.safety,u,ns=2;s=S,bool,ro,,\nin1.n,u,ns=2;s=N,u16,rw,,9\n"
DEVICE = "device,protocol,host,port\nu,opcua,127.0.0.1,4840\n"
LOCAL = 0x00960000


def told(value: object, kind: ua.VariantType, status: int) -> ua.DataValue:
    return ua.DataValue(ua.Variant(value, kind), ua.StatusCode(ua.UInt32(status)))


@pytest.mark.parametrize("status", [0, LOCAL])
def test_a_value_of_another_type_or_beyond_its_range_is_never_good_even_if_it_was_set_at_the_plc(
    tmp_path: Path, status: int
) -> None:
    (safety, number), _ = asyncio.run(small_map(tmp_path, ROWS, DEVICE))
    assert update_of(safety, told("no", ua.VariantType.String, status)).quality is Quality.CONFIGURATION
    assert update_of(number, told(10, ua.VariantType.UInt16, status)).quality is Quality.OUT_OF_RANGE
    fine = Quality.FORCED if status else Quality.GOOD
    assert update_of(number, told(9, ua.VariantType.UInt16, status)).quality is fine


@pytest.mark.parametrize("value", [-1, 65536, 1e30])
def test_a_number_that_does_not_fit_is_refused_before_it_is_sent(tmp_path: Path, value: float) -> None:
    (_, number), _ = asyncio.run(small_map(tmp_path, ROWS, DEVICE))
    with pytest.raises(TypeError, match="does not fit"):
        variant_of(number, value)

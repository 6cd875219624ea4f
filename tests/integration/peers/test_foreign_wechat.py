"""The WeChat Pay simulator under clients that nobody here wrote: what is wrong in ours alone would show here."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing.pay.keys import read_keys
from tests.support.peers import node
from tests.support.wechat import Bench, bench

WHOLE_LIFE = {
    "notice": "SUCCESS",
    "query": "SUCCESS",
    "close": 204,
    "closed": "CLOSED",
    "refund": "PROCESSING",
}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as opened:
        yield opened


def settings(at: Bench) -> dict[str, object]:
    keys, names = read_keys(at.config), at.config.wechat
    assert keys.platform is not None
    return {
        "base": names.base_url,
        "port": at.wechat_port,
        "mchid": names.mchid,
        "appid": names.appid,
        "serial": keys.merchant_serial,
        "certificate": at.config.secret(names.merchant_certificate_file).read_text(encoding="ascii"),
        "private_key": keys.private_key,
        "apiv3_key": keys.apiv3_key,
        "public_key": keys.platform.pem,
        "public_key_id": keys.platform.id,
    }


def run(at: Bench, script: str) -> dict[str, Any]:
    """Let a client do its whole round; gives what it saw."""
    at.wechat.platform.tls()
    authority = str(at.wechat.platform.folder / "ca.crt")
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": authority, "NO_PROXY": "*"}
    done = subprocess.run(
        node(script),
        input=json.dumps(settings(at)),
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_client_that_verifies_every_answer_orders_queries_closes_refunds_and_believes_the_notice(at: Bench) -> None:
    assert run(at, "wechat_axios.js") == WHOLE_LIFE | {
        "refund_query": "RAXIOS1",
        "refused": "ORDER_NOT_EXIST",
        "signtest": "not believed",
    }


def test_a_client_with_fixed_addresses_comes_through_the_tls_door_and_verifies_by_certificate(at: Bench) -> None:
    assert run(at, "wechat_node_v3.js") == WHOLE_LIFE | {"refund_query": "RNODE1", "sheet": "ok"}

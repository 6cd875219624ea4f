"""By public key, by certificate, and from the one to the other; by merchant and by service provider; by every door."""

import json
import secrets
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from billing.pay.calls.parking import ParkedCar
from billing.pay.gateway import Entrance, Notice, NotVerified, Refund, Sheet, Unknown
from billing.settle import Transaction
from billing.sim.wechat.books.orders import Order, transaction
from billing.sim.wechat.crypto import sealed, signed_headers
from billing.sim.wechat.keys import APP_SECRET_SIGNS, app_secret
from scada.model.money import Fen
from scada.model.plate import Plate, PlateColour
from tests.support.wechat import Bench, bench, changed, gateway_to, number, soon

PUBLIC_KEY = {
    'public_key_file = "wechat/platform_public_key.pem"': "",
    'public_key_id_file = "wechat/platform_public_key_id.txt"': "",
}


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A merchant in certificate mode."""
    with bench(tmp_path_factory.mktemp("certified"), PUBLIC_KEY) as at:
        yield at


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A service provider that acts for a merchant."""
    with bench(tmp_path_factory.mktemp("provider"), {'appid = "wx': 'sub_mchid = "1900000109"\nappid = "wx'}) as at:
        yield at


@pytest.fixture
def changing_key(tmp_path: Path) -> Iterator[Bench]:
    """A merchant in certificate mode, of its own."""
    with bench(tmp_path, PUBLIC_KEY) as at:
        yield at


@pytest.fixture
def in_a_minute(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the minute pass in which no certificates are fetched again."""

    def pass_by() -> None:
        monkeypatch.setattr("billing.wechat.CERTIFICATES_EVERY_S", 0.0)

    return pass_by


def a_whole_life(at: Bench) -> None:
    """Order, pay, be told, query, refund."""
    order = at.paid_order()
    notice = at.next_notice()
    assert isinstance(notice, Notice), notice
    assert isinstance(notice.about, Transaction)
    assert (notice.about.out_trade_no, notice.about.trade_state) == (order, "SUCCESS")
    assert at.gateway.query(order) == notice.about
    assert isinstance(at.gateway.refunds.refund(f"R{order}A", order, Fen(500), Fen(500), "重复支付"), Refund)
    at.switch("refunds", out_refund_no=f"R{order}A")
    told = at.next_notice()
    assert isinstance(told, Notice), told
    assert isinstance(told.about, Refund)


def fetches(at: Bench) -> int:
    return len([line for line in at.judged() if line.get("target") == "/v3/certificates"])


def test_in_certificate_mode_answers_and_notices_are_verified_by_certificate(certified: Bench) -> None:
    certified.set_back()
    certified.switch("identity", notices="certificate")
    a_whole_life(certified)
    assert fetches(certified) == 1


def test_in_certificate_mode_a_notice_by_public_key_is_refused_and_not_fatal(certified: Bench) -> None:
    certified.set_back()
    certified.paid_order()
    assert certified.next_notice() == NotVerified("unknown serial")


def test_certificates_sealed_with_the_other_apiv3_key_are_read_while_the_key_changes(changing_key: Bench) -> None:
    at = changing_key
    order, _ = at.ordered()
    own = at.config.secret(at.config.wechat.apiv3_key_file)
    old = own.with_name("apiv3_key_old.txt")
    old.write_text("o" * 32)
    old.chmod(0o600)
    line = f'apiv3_key_file = "{at.config.wechat.apiv3_key_file}"'
    ours = f'apiv3_key_file = "wechat/{old.name}"\nother_{line}'
    gateway = gateway_to(changed(at.config, {line: ours}))
    assert isinstance(gateway.query(order), Transaction)


def test_a_new_certificate_is_taken_up_and_one_that_has_ended_is_dropped(
    certified: Bench, in_a_minute: Callable[[], None]
) -> None:
    certified.set_back()
    certified.switch("identity", notices="certificate", rotate=True)
    order = number()
    made = certified.gateway.create(order, "停车费", Fen(5), soon())
    assert isinstance(made, Unknown), "the new certificate is not known yet, so the answer proves nothing"
    in_a_minute()
    assert isinstance(certified.gateway.query(order), Transaction)
    a_whole_life(certified)
    certified.switch("identity", expire=True)
    assert isinstance(certified.gateway.query(order), Unknown)
    certified.switch("identity", rotate=True)
    assert isinstance(certified.gateway.query(order), Transaction)


def test_a_site_without_its_line_to_wechat_starts_in_certificate_mode(
    certified: Bench, in_a_minute: Callable[[], None]
) -> None:
    certified.set_back()
    order, _ = certified.ordered()
    certified.phone.plan_answers("drop_before", "/v3/certificates")
    gateway = gateway_to(certified.config)
    assert isinstance(gateway.query(order), Unknown)
    in_a_minute()
    assert isinstance(gateway.query(order), Transaction)


@pytest.mark.parametrize("notices", ["public_key", "certificate", "both"])
def test_while_a_merchant_changes_to_the_public_key_both_kinds_of_notices_are_good(at: Bench, notices: str) -> None:
    at.switch("identity", notices=notices)
    a_whole_life(at)
    a_whole_life(at)


def test_a_merchant_who_is_handed_no_certificates_is_well_without(at: Bench) -> None:
    at.switch("identity", has_certificates=False)
    a_whole_life(at)


def test_a_notice_under_the_next_apiv3_key_is_read(at: Bench) -> None:
    path = at.config.data / "wechat" / "apiv3_key_next.txt"
    path.write_text(secrets.token_hex(16), encoding="ascii")
    path.chmod(0o600)
    line = 'apiv3_key_file = "wechat/apiv3_key.txt"'
    both = gateway_to(changed(at.config, {line: f'{line}\nother_apiv3_key_file = "wechat/apiv3_key_next.txt"'}))
    order = at.paid_order()
    found = at.wechat.orders.find(order)
    assert isinstance(found, Order)
    body = json.dumps(
        {
            "id": "n-1",
            "event_type": "TRANSACTION.SUCCESS",
            "resource_type": "encrypt-resource",
            "resource": sealed(path.read_text(), transaction(found), "transaction"),
        }
    ).encode()
    platform = at.wechat.platform

    def headers() -> dict[str, str]:
        return signed_headers(platform.key, platform.key_id, body, at.wechat.clock.signing_s())

    assert isinstance(both.verified(headers(), body), Notice)
    assert isinstance(at.gateway.verified(headers(), body), NotVerified)


# --- a service provider ---


def test_a_service_provider_orders_and_refunds_for_its_merchant(provider: Bench) -> None:
    provider.set_back()
    a_whole_life(provider)
    order = number()
    sheet = provider.gateway.orders.jsapi(order, "停车费", Fen(5), soon(), "o-1")
    assert isinstance(sheet, Sheet)
    assert provider.phone.post("/phone/sheet", **sheet.values, openid="o-1") == {"result": "ok"}
    found = provider.gateway.query(order)
    assert isinstance(found, Transaction)
    assert (found.mchid, found.sub_mchid) == (provider.config.wechat.mchid, "1900000109")


def test_a_service_provider_enters_cars_for_its_merchant(provider: Bench) -> None:
    car = ParkedCar(Plate("粤B12345"), PlateColour.BLUE, provider.wechat.clock.now(), "示范停车场")
    assert isinstance(provider.gateway.parking.enter(number("P"), car, 900), Entrance)


def test_a_notice_for_another_merchant_of_the_same_provider_is_not_ours(provider: Bench) -> None:
    provider.set_back()
    order = provider.paid_order()
    assert provider.next_notice()
    provider.gateway.refunds.refund(f"R{order}A", order, Fen(500), Fen(500), "x")
    refund = provider.wechat.refunds.find(f"R{order}A")
    assert refund is not None
    refund.order.caller = type(refund.order.caller)("1900000001", "", refund.order.caller.key, "1900000109")
    provider.switch("refunds", out_refund_no=f"R{order}A")
    assert provider.next_notice() == NotVerified("signed, but about another merchant")


# --- the other doors ---


@pytest.fixture
def session(at: Bench) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def test_the_same_platform_stands_behind_tls_and_behind_a_proxy(at: Bench, session: requests.Session) -> None:
    port = at.wechat_port
    _, code = at.ordered()
    at.wechat.platform.tls()
    session.verify = str(at.wechat.platform.folder / "ca.crt")
    by_tls = session.get(f"https://localhost:{port}/phone", params={"code_url": code}, timeout=5)
    session.proxies = {"https": f"http://127.0.0.1:{port}"}
    by_proxy = session.get("https://api.mch.weixin.qq.com/phone", params={"code_url": code}, timeout=5)
    assert by_tls.text == by_proxy.text
    assert "¥5.00" in by_tls.text


def test_who_does_not_know_the_authority_is_not_served(at: Bench, session: requests.Session) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        session.get(f"https://localhost:{at.wechat_port}/phone", timeout=5)


def test_the_authority_is_one_that_strict_clients_take(at: Bench) -> None:
    at.wechat.platform.tls()
    context = ssl.create_default_context(cafile=str(at.wechat.platform.folder / "ca.crt"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.get_ca_certs()


def test_a_page_learns_who_visits_it_once_within_five_minutes(at: Bench, session: requests.Session) -> None:
    base, appid, secret = at.config.wechat.base_url, at.config.wechat.appid, app_secret(at.wechat.platform)
    assert len(secret) == APP_SECRET_SIGNS
    session.cookies.set("openid", "o-visitor")
    asked = {
        "appid": appid,
        "redirect_uri": "http://localhost:1/pay",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "st",
    }

    def code() -> str:
        sent = session.get(f"{base}/connect/oauth2/authorize", params=asked, allow_redirects=False, timeout=5)
        assert sent.headers["Location"].endswith("&state=st")
        return sent.headers["Location"].split("code=")[1].split("&")[0]

    def token(code: str, secret: str = secret) -> dict[str, Any]:
        query = {"appid": appid, "secret": secret, "code": code, "grant_type": "authorization_code"}
        return dict(session.get(f"{base}/sns/oauth2/access_token", params=query, timeout=5).json())

    first = code()
    assert token(first, "wrong")["errcode"] == 40125
    assert token(first)["openid"] == "o-visitor"
    assert token(first)["errcode"] == 40163
    late = code()
    at.switch("clock", ahead_s=301)
    assert token(late)["errcode"] == 40029
    assert (
        session.get(f"{base}/connect/oauth2/authorize", params={**asked, "appid": "wxother"}, timeout=5).status_code
        == 400
    )

"""The merchant's keys: every form that banks and people hand out, and a clear word on what is wrong."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from billing.pay.keys import read_keys
from billing.sim.wechat.keys import prepare
from billing.wechat import build
from scada.config import Config
from scada.ports import BillingError
from tests.support.billing import made_config


@pytest.fixture(scope="module")
def small_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - must be refused


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Config:
    made = made_config(tmp_path_factory.mktemp("prepared"))
    prepare(made)
    return made


@pytest.fixture
def config(prepared: Config, tmp_path: Path) -> Config:
    made = made_config(tmp_path)
    shutil.copytree(prepared.data, made.data)
    return made


def pem(key: RSAPrivateKey | ec.EllipticCurvePrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def test_the_keys_that_the_simulator_makes_are_good_and_theirs_alone(config: Config) -> None:
    keys = read_keys(config)
    assert keys.private_key.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert len(keys.apiv3_key) == 32
    assert keys.apiv3_key not in repr(keys)
    for path in (config.data / "wechat").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_simulator_keeps_its_keys_over_a_restart(config: Config) -> None:
    before = read_keys(config)
    prepare(config)
    assert read_keys(config) == before


def test_a_private_key_of_the_old_form_with_windows_line_ends_is_taken(config: Config) -> None:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    path = config.secret(config.wechat.private_key_file)
    path.write_bytes(pem(key, PrivateFormat.TraditionalOpenSSL).replace("\n", "\r\n").encode())
    assert read_keys(config).private_key == pem(key)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("apiv3_key_file", "short", "has 32 signs, this one has 5"),
        ("merchant_serial_file", "123", "has 40 hexadecimal signs"),
        ("public_key_id_file", "KEY_1", "starts with PUB_KEY_ID_"),
        ("public_key_file", "-----BEGIN CERTIFICATE-----", "a certificate; put WeChat Pay's public key there"),
        ("public_key_file", "nonsense", "not a public key in PEM form"),
        ("private_key_file", "nonsense", "not a private key in PEM form"),
    ],
)
def test_a_wrong_file_is_named_with_what_belongs_there(config: Config, file: str, text: str, words: str) -> None:
    path = config.secret(getattr(config.wechat, file))
    path.write_text(text, encoding="ascii")
    with pytest.raises(BillingError) as refused:
        read_keys(config)
    assert str(path) in str(refused.value)
    assert words in str(refused.value)


def test_a_key_that_wechat_would_not_take_is_refused(config: Config, small_key: RSAPrivateKey) -> None:
    path = config.secret(config.wechat.private_key_file)
    for key in (small_key, ec.generate_private_key(ec.SECP256R1())):
        path.write_text(pem(key), encoding="ascii")
        with pytest.raises(BillingError, match="RSA keys of 2048 bits or more"):
            read_keys(config)


def test_another_kind_of_public_key_is_refused(config: Config) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    text = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    config.secret(config.wechat.public_key_file).write_text(text, encoding="ascii")
    with pytest.raises(BillingError, match="not an RSA key"):
        read_keys(config)


def test_the_library_takes_the_keys_as_they_were_read(config: Config) -> None:
    gateway = build(
        read_keys(config), mchid="1900007291", appid="wx1", notify_url="http://127.0.0.1/n", base_url="http://127.0.0.1"
    )
    assert gateway.mchid == "1900007291"

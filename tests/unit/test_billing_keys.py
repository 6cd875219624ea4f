"""The merchant's keys: every form that banks and people hand out, and a clear word on what is wrong."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from billing.pay.keys import read_keys
from billing.sim.wechat.certs import Use, make
from billing.sim.wechat.keys import prepare
from scada.config import Config, ConfigError
from scada.ports import BillingError
from tests.support.billing import made_config
from tests.support.wechat import changed, gateway_to


@pytest.fixture(scope="module")
def small_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - must be refused


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


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


def secret(config: Config, file: str) -> Path:
    return config.secret(str(getattr(config.wechat, file)))


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


def test_a_private_key_of_the_old_form_with_windows_line_ends_is_taken(config: Config, key: RSAPrivateKey) -> None:
    path = config.secret(config.wechat.private_key_file)
    certificate = make("m", key.public_key(), "m", key)
    secret(config, "merchant_certificate_file").write_bytes(certificate.public_bytes(Encoding.PEM))
    path.write_bytes(pem(key, PrivateFormat.TraditionalOpenSSL).replace("\n", "\r\n").encode())
    assert read_keys(config).private_key == pem(key)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("apiv3_key_file", "short", "has 32 signs, this one has 5"),
        ("merchant_certificate_file", "123", "not a certificate in PEM form"),
        ("public_key_id_file", "KEY_1", "starts with PUB_KEY_ID_"),
        ("public_key_file", "-----BEGIN CERTIFICATE-----", "a certificate; put WeChat Pay's public key there"),
        ("public_key_file", "nonsense", "not a public key in PEM form"),
        ("private_key_file", "nonsense", "not a private key in PEM form"),
    ],
)
def test_a_wrong_file_is_named_with_what_belongs_there(config: Config, file: str, text: str, words: str) -> None:
    path = secret(config, file)
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
    secret(config, "public_key_file").write_text(text, encoding="ascii")
    with pytest.raises(BillingError, match="not an RSA key"):
        read_keys(config)


@pytest.mark.parametrize(
    ("file", "mode", "words"),
    [
        ("private_key_file", 0o640, "can be read by others"),
        ("private_key_file", 0o604, "can be read by others"),
        ("apiv3_key_file", 0o644, "can be read by others"),
        ("public_key_file", 0o664, "can be changed by others"),
        ("merchant_certificate_file", 0o602, "can be changed by others"),
    ],
)
def test_keys_that_others_can_read_and_certificates_that_others_can_change_are_refused(
    config: Config, file: str, mode: int, words: str
) -> None:
    secret(config, file).chmod(mode)
    with pytest.raises(BillingError) as refused:
        read_keys(config)
    assert words in str(refused.value)
    assert "chmod 600" in str(refused.value)


def test_what_is_no_secret_may_be_read_by_others(config: Config) -> None:
    for file in ("public_key_file", "public_key_id_file", "merchant_certificate_file"):
        secret(config, file).chmod(0o644)
    read_keys(config)


def test_a_key_that_is_not_its_certificates_is_refused(config: Config, key: RSAPrivateKey) -> None:
    secret(config, "private_key_file").write_text(pem(key), encoding="ascii")
    with pytest.raises(BillingError, match=r"the key is not that of .*merchant_cert"):
        read_keys(config)


def test_a_certificate_that_is_out_of_date_is_refused(config: Config, key: RSAPrivateKey) -> None:
    old = make("m", key.public_key(), "m", key, Use(ends_at=datetime.now(UTC) - timedelta(days=1)))
    secret(config, "merchant_certificate_file").write_bytes(old.public_bytes(Encoding.PEM))
    with pytest.raises(BillingError, match="not valid today; it ends on"):
        read_keys(config)


def test_a_serial_keeps_its_leading_zeros(config: Config, key: RSAPrivateKey) -> None:
    made = make("m", key.public_key(), "m", key, Use(serial=0x1F))
    secret(config, "merchant_certificate_file").write_bytes(made.public_bytes(Encoding.PEM))
    secret(config, "private_key_file").write_text(pem(key), encoding="ascii")
    assert read_keys(config).merchant_serial == "0" * 38 + "1F"


def test_without_the_public_keys_files_certificates_are_meant(config: Config) -> None:
    lines = (
        'public_key_file = "wechat/platform_public_key.pem"',
        'public_key_id_file = "wechat/platform_public_key_id.txt"',
    )
    bare = changed(config, dict.fromkeys(lines, ""))
    assert read_keys(bare).platform is None


def test_half_of_a_public_key_is_a_mistake_of_the_configuration(config: Config) -> None:
    with pytest.raises(ConfigError) as refused:
        changed(config, {'public_key_id_file = "wechat/platform_public_key_id.txt"': ""})
    assert "go together" in str(refused.value.__cause__)


def test_the_library_takes_the_keys_as_they_were_read(config: Config) -> None:
    gateway = gateway_to(config)
    assert gateway.account.mchid == config.wechat.mchid

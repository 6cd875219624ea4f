"""The platform's side of WeChat Pay's cryptography, written from its description with `cryptography` alone."""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from billing.sim.wechat.facts import Facts

SCHEME = "WECHATPAY2-SHA256-RSA2048"
WINDOW_S = 300
_PARTS = ("mchid", "nonce_str", "signature", "timestamp", "serial_no")
_PART = re.compile(r'([a-z_]+)="([^"]*)"')
_ILL_FORMED_PAY = "签名信息错误，验签失败"
_ILL_FORMED = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request is refused: status, code and WeChat's own words."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a request's Authorization header says."""

    mchid: str
    nonce_str: str
    signature: str
    timestamp: str
    serial_no: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire: the raw target, the raw body."""

    method: str
    target: str
    body: bytes = field(repr=False)


def read_authorization(header: str | None, path: str) -> Authorization | Fault:
    """Read the header, strictly: one space, commas without blanks, any order."""
    ill_formed = Fault(401, "SIGN_ERROR", _ILL_FORMED_PAY if path.startswith("/v3/pay/") else _ILL_FORMED)
    scheme, _, rest = (header or "").partition(" ")
    parts = [_PART.fullmatch(part) for part in rest.split(",")]
    if scheme != SCHEME or len(parts) != len(_PARTS):
        return ill_formed
    values = {part[1]: part[2] for part in parts if part is not None}
    if set(values) != set(_PARTS):
        return ill_formed
    return Authorization(**values)


@dataclass(frozen=True, slots=True)
class Caller:
    """The one merchant this platform knows; with a `sub_mchid` it is that merchant's service provider."""

    mchid: str
    serial: str
    key: RSAPublicKey
    sub_mchid: str = ""


def request_fault(given: Authorization, caller: Caller, asked: Asked, now_s: float, facts: Facts) -> Fault | None:
    """Check a request in WeChat's order, over the raw path and the raw body; None if it is genuine."""
    checks = [_clock_fault(given, now_s), _serial_fault(given, caller)]
    for fault in checks if facts.check_order == "clock_first" else reversed(checks):
        if fault is not None:
            return fault
    target = asked.target if facts.signed_url == "encoded" else unquote(asked.target)
    text = f"{asked.method}\n{target}\n{given.timestamp}\n{given.nonce_str}\n".encode() + asked.body + b"\n"
    if given.mchid != caller.mchid or not verifies(caller.key, given.signature, text):
        return Fault(401, "SIGN_ERROR", "签名错误")
    return None


def _clock_fault(given: Authorization, now_s: float) -> Fault | None:
    if given.timestamp.isdecimal() and abs(now_s - int(given.timestamp)) <= WINDOW_S:
        return None
    return Fault(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")


def _serial_fault(given: Authorization, caller: Caller) -> Fault | None:
    if given.serial_no.upper() == caller.serial:
        return None
    return Fault(401, "SIGN_ERROR", "商户证书序列号有误。请使用签名私钥匹配的证书序列号")


def verifies(key: RSAPublicKey, signature: str, text: bytes) -> bool:
    """Say whether a base64 signature is that of the text."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(key: RSAPrivateKey, text: bytes) -> str:
    """Sign a text, base64."""
    return base64.b64encode(key.sign(text, PKCS1v15(), SHA256())).decode()


def opened(key: RSAPrivateKey, sealed_text: str) -> str:
    """Open a field that a merchant sealed under our key: RSA-OAEP with SHA-1. Raises ValueError."""
    return key.decrypt(base64.b64decode(sealed_text), OAEP(MGF1(SHA1()), SHA1(), None)).decode()  # noqa: S303


def signed_headers(key: RSAPrivateKey, serial: str, body: bytes, now_s: float) -> dict[str, str]:
    """Give the headers of an answer or a notice that the platform signs now."""
    timestamp, nonce = str(int(now_s)), secrets.token_hex(16).upper()
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": sign(key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature-Type": SCHEME,
    }


def sealed(apiv3_key: str, content: Mapping[str, object], original_type: str, nonce_signs: int = 12) -> dict[str, str]:
    """Encrypt a notice's resource: AES-256-GCM, the nonce as text."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return {"original_type": original_type} | sealed_text(apiv3_key, text, original_type, nonce_signs)


def sealed_text(apiv3_key: str, text: bytes, associated: str, nonce_signs: int = 12) -> dict[str, str]:
    """Encrypt a text under the merchant's APIv3 key."""
    nonce = secrets.token_hex(16)[:nonce_signs]
    ciphertext = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), text, associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(ciphertext).decode(),
        "associated_data": associated,
        "nonce": nonce,
    }

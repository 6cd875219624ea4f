"""What may stand in a log: whole plates, payers' ids, keys, codes and passwords are masked in any text.

The log is for us, and it is copied about; the journal and the database are where such things belong.
"""

import re
from typing import Final

from scada.model.plate import PROVINCES

MASK: Final = "•••"
_SIGN: Final = "[0-9A-Za-z学警港澳挂领应急试超]"
_PLATES: Final = (
    re.compile(rf"([{PROVINCES}][A-Za-z])[·•. _-]?{_SIGN}{{3,5}}({_SIGN}{{2}})"),
    re.compile(rf"\b(WJ[{PROVINCES}]?)[·•. _-]?{_SIGN}{{2,4}}({_SIGN}{{2}})"),
    re.compile(r"(民航)[·•. _-]?[0-9A-Za-z]{3}([0-9A-Za-z]{2})"),
    re.compile(r"(使)[·•. _-]?[0-9A-Za-z]{3,5}([0-9A-Za-z]{2})"),
    re.compile(r"(?<![0-9A-Za-z])([VKHBSLJNGCEZRD][A-Z])[·•. _-]?\d{3}(\d{2})(?![0-9A-Za-z])"),
    re.compile(
        r"((?:%(?:25)?[EeFf][0-9A-Fa-f](?:%(?:25)?[0-9A-Fa-f]{2}){2})[A-Za-z])[0-9A-Za-z%]{3,5}([0-9A-Za-z]{2})"
    ),
    re.compile(r"((?:\\x[EeFf][0-9A-Fa-f](?:\\x[0-9A-Fa-f]{2}){2})[A-Za-z])[0-9A-Za-z]{3,5}([0-9A-Za-z]{2})"),
    re.compile(r"(\\+u[4-9A-Fa-f][0-9A-Fa-f]{3}[A-Za-z])[0-9A-Za-z]{3,5}([0-9A-Za-z]{2})"),
)
"""Each plate keeps its first two and its last two signs: 京A•••45. Written out, or as addresses and bytes write it."""
_CHINESE: Final = 4
"""So many of them hold a Chinese sign or WJ."""
_NAMES: Final = (
    "openid|password|passwd|secret|auth_code|payer_code|access_token|token|apiv3_key|private_key|nonce|nonce_str"
    "|signature|paysign|session|sid|code_url"
)
SECRET_FIELDS: Final = re.compile(rf"(?i)(?:\w+_)?(?:{_NAMES}|cookies?|authorization)")
"""Names of fields whose value no log line may hold, whatever it is."""
_FIELDS: Final = re.compile(
    rf"""(?i)(?<![A-Za-z])((?:\w+_)?(?:{_NAMES})(?:\\*["'])?\s*[:=]\s*)"""
    r"""(\\+["'].*?\\+["']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&"'}\])]+)"""
)
_HEADERS: Final = re.compile(r"""(?i)\b((?:set-)?cookie|authorization|x-csrftoken)((?:\\*["'])?\s*[:=]\s*)[^\r\n]+""")
_PIECES: Final = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)", re.DOTALL),
    re.compile(r"(?<=weixin://)[^\s\"'<>]+"),
    re.compile(r"(?<=/c/)[0-9A-Za-z_-]{8,}"),
    re.compile(r"(?<=[?&]code=)[^\s&\"']+"),
    re.compile(r"(?<=[?&]state=)[^\s&\"']+"),
    re.compile(r"\$argon2\w*\$[^\s\"',]+"),
    re.compile(r"(?<![0-9A-Za-z_-])o[0-9A-Za-z_-]{27}(?![0-9A-Za-z_-])"),
    re.compile(r"(?<!\d)1[0-5]\d{16}(?!\d)"),
)
"""Private keys, payment and claim addresses, OAuth's codes, password hashes, openids, the codes that payers show."""


def without_plates(text: str) -> str:
    """Give a text with the plates in it masked; one of Latin signs alone might as well be an address."""
    for plate in _PLATES[:_CHINESE]:
        text = plate.sub(rf"\1{MASK}\2", text)
    return text


def masked(text: str) -> str:
    """Give a text without what no log may hold."""
    for piece in _PIECES:
        text = piece.sub(MASK, text)
    text = _HEADERS.sub(rf"\1\2{MASK}", text)
    text = _FIELDS.sub(rf"\1{MASK}", text)
    for plate in _PLATES:
        text = plate.sub(rf"\1{MASK}\2", text)
    return text


def bare_of_plates(text: str, instead: str) -> str:
    """Give a text in which `instead` stands for every plate, and no sign of one is left."""
    for plate in _PLATES:
        text = plate.sub(lambda _: instead, text)
    return text

"""What no log may hold is masked in every line, whoever writes it."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from scada.hushed import keep_secret
from scada.log import hush, log_to_stderr
from scada.model.masks import masked
from scada.secretfile import read_secret

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


@pytest.fixture
def page() -> Iterator[io.StringIO]:
    """What is logged during a test; afterwards all is as it was."""
    before = logging.getLogRecordFactory(), sys.excepthook, logging.root.level, structlog.get_config()
    page = io.StringIO()
    handler = logging.StreamHandler(page)
    logging.root.addHandler(handler)
    log_to_stderr(page, ours=logging.DEBUG, others=logging.DEBUG)
    logging.root.setLevel(logging.DEBUG)
    yield page
    logging.root.removeHandler(handler)
    logging.setLogRecordFactory(before[0])
    sys.excepthook = before[1]
    logging.root.setLevel(before[2])
    structlog.configure(**before[3])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("car 京A12345 left", "car 京A•••45 left"),
        ("粤BD12345", "粤B•••45"),
        ("沪a·98765", "沪a•••65"),
        ("粤Z1234港", "粤Z•••4港"),
        ("WJ京1234X", "WJ京•••4X"),
        ("VA12345", "VA•••45"),
        ("使014578", "使•••78"),
        ("/find?plate=%E4%BA%ACA12345&x=1", "/find?plate=%E4%BA%ACA•••45&x=1"),
        (r'{"plate": "\u4eacA12345"}', r'{"plate": "\u4eacA•••45"}'),
        (r"b'\xe4\xba\xacA12345'", r"b'\xe4\xba\xacA•••45'"),
        (f'"payer": {{"openid": "{OPENID}"}}', '"payer": {"openid": •••}'),
        (f"of {OPENID}.", "of •••."),
        ("code 134567890123456789 shown", "code ••• shown"),
        ("weixin://wxpay/bizpayurl?pr=abc now", "weixin://••• now"),
        ("GET /c/9aZ_0-ffEEdd12 200", "GET /c/••• 200"),
        ("Authorization: WECHATPAY2 mchid=1,nonce_str=x", "Authorization: •••"),
        ('nonce_str="8A7F",timestamp="1"', 'nonce_str=•••,timestamp="1"'),
        ("{'second_password': 'it is \\'secret\\''}", "{'second_password': •••}"),
        (r"RuntimeError(\"{\'token\': \'abc\', \'lane\': 1}\")", r"RuntimeError(\"{\'token\': •••, \'lane\': 1}\")"),
        ("hash $argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "hash •••,t=3,p=4$c2FsdA$aGFzaA"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "•••"),
        ("state=OPEN order=SP26112612345ABC stay=01JD", "state=OPEN order=SP26112612345ABC stay=01JD"),
        ("transaction 4200001234202611261234567890", "transaction 4200001234202611261234567890"),
    ],
)
def test_what_no_log_may_hold_is_masked_and_the_rest_is_kept(written: str, kept: str) -> None:
    assert masked(written) == kept


def test_every_library_s_lines_are_masked_and_their_errors_too(page: io.StringIO) -> None:
    log = logging.getLogger("some.library")
    log.debug("asked for %s with %r", "京A12345", {"openid": OPENID})
    try:
        raise ValueError("no stay of 京A12345")
    except ValueError:
        log.exception("it broke")
    text = page.getvalue()
    assert "京A•••45" in text
    assert "no stay of 京A•••45" in text
    assert "A12345" not in text
    assert OPENID not in text


def test_a_line_that_cannot_be_written_does_not_show_its_arguments(page: io.StringIO) -> None:
    logging.getLogger("some.library").error("only %d", "京A12345")
    assert "a line that could not be written: TypeError" in page.getvalue()


def test_our_own_lines_are_masked_by_field_and_by_look_and_show_no_variables(page: io.StringIO) -> None:
    log = structlog.get_logger()
    hidden = "a word nobody may read"
    try:
        raise RuntimeError("the plate is 京A12345")
    except RuntimeError:
        log.exception("it broke", token="plain", plate="京A12345", lane="in1")
    text = page.getvalue()
    assert hidden not in text
    assert "plain" not in text.replace("plain_traceback", "")
    assert "A12345" not in text
    assert re.search(r"lane\S*=\S*in1", text)


def test_a_key_that_was_read_is_masked_whatever_it_looks_like(page: io.StringIO, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("just-some-key-of-ours\n")
    path.chmod(0o600)
    assert read_secret(path) == "just-some-key-of-ours"
    logging.getLogger("x").debug("sent just-some-key-of-ours away")
    assert "just-some" not in page.getvalue()
    keep_secret("short")
    logging.getLogger("x").debug("short")
    assert "short" in page.getvalue()


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("just-some-key-of-ours\n")
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        read_secret(path)


def test_rows_of_the_database_never_reach_a_log(page: io.StringIO) -> None:
    hush()
    logging.getLogger("sqlalchemy.engine.Engine").debug("Row %r", ("driver-17",))
    assert "driver-17" not in page.getvalue()


def test_an_uncaught_error_is_told_masked(page: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("京A12345")
    sys.excepthook(ValueError, error, None)
    assert "京A•••45" in capsys.readouterr().err

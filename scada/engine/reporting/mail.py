"""One mail with reports: written, and handed to the server over TLS. Blocking: it runs in a thread."""

import hashlib
import mimetypes
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from scada.settings.reports import Mail

LIMIT_S: Final = 60.0
REACH_S: Final = 5.0
MOST_BYTES: Final = 20 << 20
"""Servers take little more."""


class NotSent(Exception):
    """The mail was not taken; the message says why, for people."""


class NotKnown(Exception):
    """The line broke while the server had the mail in hand: nobody knows whether it took it."""


def written(
    mail: Mail, to: str, subject: str, text: str, files: Sequence[Path], at: datetime, key: str
) -> EmailMessage:
    """Write the mail. Its id is made of `key` and the address: sent twice, it is known as one."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, to, subject
    message["Date"] = format_datetime(at)
    digest = hashlib.sha256(f"{key}\0{to}".encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{digest}@{mail.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    size = 0
    for file in files:
        content = file.read_bytes()
        size += len(content)
        kind, _, sub = (mimetypes.guess_type(file.name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(content, maintype=kind, subtype=sub, filename=file.name)
    if size > MOST_BYTES:
        raise NotSent(f"the reports are {size >> 20} MB, more than mail takes: let them go to a folder")
    return message


def send(mail: Mail, password: str | None, message: EmailMessage, context: ssl.SSLContext | None = None) -> None:
    """Hand a mail to the server. Raises NotSent where it surely was not taken, and NotKnown where that is not sure."""
    trust = context or ssl.create_default_context()
    try:
        with _signed_in(mail, password, trust, LIMIT_S) as server:
            _hand_over(server, message, f"{mail.host}:{mail.port}")
    except (OSError, smtplib.SMTPException, UnicodeError) as error:  # UnicodeError: a password or host beyond ASCII
        raise NotSent(f"{mail.host}:{mail.port} did not take it: {_reason(error)}") from error


def reach(mail: Mail, password: str | None) -> str:
    """Go to the server as a mail would, and sign in, but send nothing; say how far it went. Raises NotSent."""
    try:
        with _signed_in(mail, password, ssl.create_default_context(), REACH_S) as server:
            server.noop()
            return "ready" if mail.user is None else "signed in"
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise NotSent(_reason(error)) from error


@contextmanager
def _signed_in(mail: Mail, password: str | None, trust: ssl.SSLContext, limit_s: float) -> Iterator[smtplib.SMTP]:
    with _connected(mail, trust, limit_s) as server:
        if mail.tls == "starttls":
            server.starttls(context=trust)
        if mail.user is not None and password is not None:
            server.login(mail.user, password)
        yield server


def _hand_over(server: smtplib.SMTP, message: EmailMessage, where: str) -> None:
    """Give the mail; a line that breaks meanwhile leaves open whether it was taken."""
    try:
        server.send_message(message)
    except OSError as error:
        if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
            raise
        raise NotKnown(f"{where} was given the mail and did not answer: {_reason(error)}") from error


def _connected(mail: Mail, trust: ssl.SSLContext, limit_s: float) -> smtplib.SMTP:
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=limit_s, context=trust)
    return smtplib.SMTP(mail.host, mail.port, timeout=limit_s)


def _reason(error: Exception) -> str:
    """Say why, without what the server was told."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return "it does not know the address"
        case smtplib.SMTPAuthenticationError():
            return f"user or password is wrong ({error.smtp_code})"
        case smtplib.SMTPResponseException():
            return f"it answered {error.smtp_code}"
        case _:
            return str(error)[:120] or type(error).__name__

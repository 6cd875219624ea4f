"""One mail with reports: written, and handed to the server over TLS. Blocking: it runs in a thread."""

import hashlib
import mimetypes
import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from scada.settings.reports import Mail

LIMIT_S: Final = 60.0
MOST_BYTES: Final = 20 << 20
"""Servers take little more."""


class NotSent(Exception):
    """The mail was not taken; the message says why, for people."""


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
    """Hand a mail to the server. Raises NotSent."""
    trust = context or ssl.create_default_context()
    try:
        with _connected(mail, trust) as server:
            if mail.tls == "starttls":
                server.starttls(context=trust)
            if mail.user is not None and password is not None:
                server.login(mail.user, password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{mail.host}:{mail.port} did not take it: {_reason(error)}") from error


def _connected(mail: Mail, trust: ssl.SSLContext) -> smtplib.SMTP:
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=LIMIT_S, context=trust)
    return smtplib.SMTP(mail.host, mail.port, timeout=LIMIT_S)


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

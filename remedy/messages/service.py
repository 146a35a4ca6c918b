"""Hand a mail over to the mail server. Called after a commit: what was decided stands, whatever mail does."""

import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

SECONDS = 10
"""How long a mail server may take to answer each line."""


_ADDRESS = re.compile(r"[^@\s<>,;:\"\\()]+@[^@\s<>,;:\"\\()]+")


class NotSent(Exception):
    """The mail was not handed over; the text says why and holds neither address nor content."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail: its name, its type in two words, and what the type says besides."""

    name: str
    maintype: str
    subtype: str
    content: bytes
    parameters: Mapping[str, str] = field(default_factory=dict)


def send(
    smtp_url: str,
    mail_from: str,
    to: str,
    subject: str,
    text: str,
    attached: Attachment | None = None,
) -> None:
    """Hand over one plain mail, with a file or without.

    `smtp_url` is `smtp://HOST:PORT` or `smtps://USER:PASSWORD@HOST:PORT`; over `smtp` the line is
    encrypted where the server offers it, and always before a password is told.

    Raises:
        NotSent: if the server cannot be reached or refuses, or the address cannot be one.
    """
    parts = urlsplit(smtp_url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise NotSent("REMEDY_SMTP_URL is not of the form smtp://HOST:PORT.")
    mail = _mail(mail_from, to, subject, text)
    if attached is not None:
        mail.add_attachment(
            attached.content,
            maintype=attached.maintype,
            subtype=attached.subtype,
            filename=attached.name,
            params=dict(attached.parameters),
        )
    # A context of our own: smtplib's would not look at the server's certificate.
    checked = ssl.create_default_context()
    place = (parts.hostname, parts.port or 0)
    try:
        with (
            smtplib.SMTP_SSL(*place, timeout=SECONDS, context=checked)
            if parts.scheme == "smtps"
            else smtplib.SMTP(*place, timeout=SECONDS)
        ) as server:
            if parts.scheme == "smtp" and server.ehlo() and server.has_extn("starttls"):
                server.starttls(context=checked)
            if parts.username:
                if not isinstance(server.sock, ssl.SSLSocket):
                    raise NotSent(
                        "The mail server offers no encryption; no password is told to it."
                    )
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail)
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        # The error's own words may quote the address.
        raise NotSent(f"The mail server did not take the mail ({type(error).__name__}).") from None


def _mail(mail_from: str, to: str, subject: str, text: str) -> EmailMessage:
    if not _ADDRESS.fullmatch(to):
        raise NotSent("The recipient is not an address.")
    mail = EmailMessage()
    mail["From"] = mail_from
    mail["To"] = to
    # A line break in a subject would begin another header.
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain="remedy.invalid")
    mail.set_content(text)
    return mail

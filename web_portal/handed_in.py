"""Files of patients in the portal: looked at when they are sent, read from MySQL or HDFS, shown so that they do nothing.

Who may see which is for the room that shows it.
"""

import threading
from typing import Any

import sqlalchemy as sa
from flask import Request, request
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts.model import Person
from remedy.files import service as files
from remedy.files.model import MOST_BYTES, PDF, Examined, examine
from remedy.files.service import StoredFile
from remedy.gateways import hdfs
from remedy.gateways.hdfs import FileStoreError
from remedy.vault import Unreadable
from web_portal.pages import render
from web_portal.parts import parts

SANDBOX = "default-src 'none'; sandbox"
"""What a file of a stranger may do when a browser shows it by itself: nothing."""

FORM_BYTES = 64 * 1024
"""What a form has beside its file."""

_one_at_a_time = threading.BoundedSemaphore(1)
"""A large picture takes much memory while it is drawn anew."""


def allow_a_file(asked: Request = request) -> None:
    """Before anything reads the form: this one may be as large as a picture."""
    asked.max_content_length = MOST_BYTES + FORM_BYTES


def taken(name: str, content: bytes) -> Examined:
    """A file that was sent, looked at; see `remedy.files.model.examine`.

    Raises:
        FileRefused: with the sentence why it is not taken.
    """
    with _one_at_a_time:
        return examine(name, content)


def looked_at(file: StoredFile, who: Person, name: str) -> Response:
    """A file for somebody who may see it, saved as `name` and its ending; the look is written down first."""
    here = parts()

    def look(connection: sa.Connection) -> bytes | None:
        files.note_read(connection, file.file_id, who.account_id, clock=here.clock)
        return files.spooled(connection, file.file_id)

    sealed = here.change(look)
    try:
        whole = sealed or here.file_store().read(hdfs.patient_file(file.file_id))
        _name, content = here.read(lambda c: files.opened(c, here.vault, file, whole))
    except FileStoreError:
        return not_now()
    except Unreadable:
        return erased()
    return shown(file.media_type, content, name)


def shown(media_type: str, content: bytes, name: str) -> Response:
    """The bytes, a picture in the page and a PDF to be saved; `name` has no ending."""
    response = FlaskResponse(content, mimetype=media_type)
    ending = media_type.partition("/")[2]
    kind = "attachment" if media_type == PDF else "inline"
    # Its own name says too much, or worse.
    response.headers["Content-Disposition"] = f'{kind}; filename="{name}.{ending}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def not_now() -> Response:
    """The page that says that HDFS does not answer."""
    return _said(
        503,
        _("The file cannot be shown at the moment"),
        _("The store of files does not answer. Nothing is lost; try again in a few minutes."),
    )


def erased() -> Response:
    """The page that says that nobody can read it any more."""
    return _said(
        410,
        _("This file was erased"),
        _("The patient's record was erased, and the file with it. It cannot be read by anybody."),
    )


def _said(status: int, title: str, advice: str) -> Response:
    told: dict[str, Any] = {"title": title, "advice": advice}
    return render("error.html", status, **told)

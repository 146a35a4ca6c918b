"""What somebody has told so far while registering: kept sealed in their own browser, and nowhere else.

The cookie is encrypted with a key of the installation, so that neither a shared computer's next user nor a
script reads it, and it is worth nothing after two hours.
"""

import base64
import hashlib
import json
import os
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app, request
from werkzeug.wrappers.response import Response

from web_portal import access
from web_portal.parts import parts

COOKIE = "remedy-draft"
LIFETIME = timedelta(hours=2)
NONCE_BYTES = 12
FIELDS = frozenset({"name", "phone", "email", "birth_date", "address", "password_hash"})


def read() -> dict[str, str]:
    """What was told so far; empty where there is nothing, or nothing of ours, or it is too old."""
    blob = request.cookies.get(_name(), "")
    try:
        kept = base64.urlsafe_b64decode(blob.encode())
        plain = _key().decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], COOKIE.encode())
    except (ValueError, InvalidTag):
        return {}
    told = json.loads(plain)
    if told.pop("until") < parts().now().timestamp():
        return {}
    return {name: text for name, text in told.items() if name in FIELDS}


def keep(response: Response, told: dict[str, str]) -> None:
    """Have the browser keep what was told until the browser ends, at most for two hours."""
    until = (parts().now() + LIFETIME).timestamp()
    plain = json.dumps({**told, "until": until}, ensure_ascii=False).encode()
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + _key().encrypt(nonce, plain, COOKIE.encode())
    access.set_cookie(response, _name(), base64.urlsafe_b64encode(sealed).decode())


def forget(response: Response) -> None:
    """Have the browser forget it."""
    access.delete_cookie(response, _name())


def _name() -> str:
    return access.cookie_name(current_app._get_current_object(), COOKIE)  # type: ignore[attr-defined]  # of the proxy


def _key() -> AESGCM:
    secret = access.keyed_digest(parts().settings.secret_key, "draft", COOKIE)
    return AESGCM(hashlib.sha256(secret.encode()).digest())

"""The security headers of every response, and how long a browser may keep it."""

import secrets

from flask import Flask, Response, g, request

HSTS = "max-age=31536000; includeSubDomains"


def script_nonce() -> str:
    """This response's nonce: a script without it does not run."""
    if "script_nonce" not in g:
        g.script_nonce = secrets.token_urlsafe(16)
    return str(g.script_nonce)


def content_policy() -> str:
    """What a page of ours may load: its own files, scripts by nonce, nothing from elsewhere, nothing inline."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{script_nonce()}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def protect(response: Response) -> Response:
    """Set the headers; pages are not kept by anybody, files of ours (named by their hash) for a year."""
    headers = response.headers
    # What a stranger handed in is shown under a narrower one, set where it is shown.
    headers.setdefault("Content-Security-Policy", content_policy())
    headers["X-Content-Type-Options"] = "nosniff"
    # Not no-referrer: under https the CSRF check compares the referrer.
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(self), microphone=(), payment=()"
    if request.endpoint == "static" and response.status_code in {200, 304}:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        headers["Cache-Control"] = "no-store"
    if request.is_secure:
        headers["Strict-Transport-Security"] = HSTS
    headers.pop("Server", None)
    return response


def init_app(app: Flask) -> None:
    """Have every response protected, error pages too."""
    app.after_request(protect)
    app.jinja_env.globals["script_nonce"] = script_nonce

"""The payment provider: begin a payment, give one back. Signed both ways, told an id and an amount and nothing else.

What is spoken: `POST /payments` with id, amount_minor, currency, return_url and webhook_url is answered with ref and
address; `POST /refunds` with id and ref with a state `refunded`; and the provider calls the webhook with id, ref,
state `paid`, amount_minor and currency until it is answered 200. Every body is JSON with a header
`Remedy-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY` under the shared key. A real provider's own
interface takes this class's place.
"""

import json
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import requests

from remedy.orders.payments import NotTaken, signature
from remedy.values import Clock

SECONDS = 10
HEADER = "Remedy-Signature"


class HttpProvider:
    """A provider behind an address; `key` is the secret shared with it."""

    def __init__(self, url: str, key: str, webhook_url: str, *, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._webhook_url = webhook_url
        self._clock = clock
        self._session = requests.Session()

    def create(
        self, payment_id: UUID, amount_minor: int, currency: str, return_url: str
    ) -> tuple[str, str]:
        """Begin a payment, or find the one begun under that id: its name there, and where to pay.

        Raises:
            NotTaken: if the provider cannot be asked, or answers what cannot be believed.
        """
        told = self._ask(
            "/payments",
            {
                "id": str(payment_id),
                "amount_minor": amount_minor,
                "currency": currency,
                "return_url": return_url,
                "webhook_url": self._webhook_url,
            },
        )
        ref, address = str(told.get("ref", "")), str(told.get("address", ""))
        scheme = urlsplit(self._url).scheme
        if not 0 < len(ref) <= 80 or len(address) > 400 or urlsplit(address).scheme != scheme:
            raise NotTaken("The payment provider's answer names no place to pay.")
        return ref, address

    def refund(self, payment_id: UUID, provider_ref: str) -> None:
        """Give a payment back; asked twice, once.

        Raises:
            NotTaken: if the provider cannot be asked, or does not.
        """
        told = self._ask("/refunds", {"id": str(payment_id), "ref": provider_ref})
        if told.get("state") != "refunded":
            raise NotTaken("The payment provider did not give the payment back.")

    def _ask(self, path: str, told: dict[str, object]) -> dict[str, object]:
        body = json.dumps(told).encode()
        try:
            answer = self._session.post(
                self._url + path,
                data=body,
                headers={
                    "Content-Type": "application/json",
                    HEADER: signed(self._key, body, self._clock()),
                },
                timeout=SECONDS,
                allow_redirects=False,
            )
            found = answer.json() if answer.status_code == 200 else None
        except (requests.RequestException, ValueError) as error:
            raise NotTaken(
                f"The payment provider cannot be reached ({type(error).__name__})."
            ) from None
        if not isinstance(found, dict):
            raise NotTaken(f"The payment provider answered {answer.status_code}.")
        return found


def signed(key: str, body: bytes, now: datetime) -> str:
    """The header beside a body: when it was signed, and by whom."""
    at = int(now.timestamp())
    return f"t={at},v1={signature(key, at, body)}"

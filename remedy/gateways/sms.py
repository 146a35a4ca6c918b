"""SMS: hand a text over to who sends it. The local provider is a real server we ship (`remedy/messages/sms_catcher.py`).

What is spoken: `POST /messages` with a JSON body of id, to (E.164) and text, and `Authorization: Bearer KEY`; 200 says that
it is taken. Sent again under the same id it is one message, so that a lost answer costs nobody a second one. A real
provider's own interface takes `HttpSms`'s place: any class with its `send`.
"""

import json
from typing import Protocol
from uuid import UUID

import requests

SECONDS = 10
TRY_AGAIN = {401, 403, 404, 407, 408, 425, 429}
"""Refusals that are about us or the hour, and not about this message."""


class NotSent(Exception):
    """The message was not handed over; the text says why and holds neither number nor content.

    `is_final` says that this message is refused for good.
    """

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.is_final = is_final


class Sms(Protocol):
    """Who sends SMS."""

    def send(self, message_id: UUID, to: str, text: str) -> None:
        """Hand one over, once however often it is said; `to` is E.164.

        Raises:
            NotSent: if it is not taken.
        """


class HttpSms:
    """A provider behind an address; `key` is the secret it knows us by."""

    def __init__(self, url: str, key: str) -> None:
        self._address = url.rstrip("/") + "/messages"
        self._key = key
        self._session = requests.Session()

    def send(self, message_id: UUID, to: str, text: str) -> None:
        """Hand one over, once however often it is said; `to` is E.164.

        Raises:
            NotSent: if it is not taken.
        """
        try:
            answer = self._session.post(
                self._address,
                data=json.dumps({"id": str(message_id), "to": to, "text": text}),
                headers={
                    "Content-Type": "application/json",
                    "Authorization": f"Bearer {self._key}",
                },
                timeout=SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # The error's own words may quote what was sent.
            raise NotSent(f"The SMS provider cannot be reached ({type(error).__name__}).") from None
        if answer.status_code == 200:
            return
        is_final = 400 <= answer.status_code < 500 and answer.status_code not in TRY_AGAIN
        raise NotSent(
            f"The SMS provider refuses the message ({answer.status_code})."
            if is_final
            else f"The SMS provider did not take the message ({answer.status_code}).",
            is_final=is_final,
        )

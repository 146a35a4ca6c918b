"""Paying online: an order's payment begun at the provider, the provider's word taken, refunds that are owed given.

A thread of each worker looks every few seconds for refunds; one that fails is tried again, later each time.
"""

import json
import logging
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, request, url_for

from remedy.orders import payments
from remedy.orders.payments import NotTaken, Provider, is_signed
from remedy.orders.provider import HEADER, HttpProvider
from web_portal.access import keyed
from web_portal.parts import parts
from web_portal.rounds import Round

log = logging.getLogger(__name__)
room = Blueprint("cashier", __name__)
EXTENSION = "remedy_cashier"
WEBHOOK = "/payments/told"
MOST_BYTES = 10_000


class Cashier(Round):
    """The way to the provider, and the round that gives back what is owed; `provider` is None where none is set."""

    name = "cashier"
    every_seconds = 10.0

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        settings = self._here.settings
        self.provider: Provider | None = None
        if settings.payment_url and settings.payment_key:
            self.provider = HttpProvider(
                settings.payment_url,
                settings.payment_key,
                settings.portal_url + WEBHOOK,
                clock=self._here.clock,
            )

    def start(self) -> None:
        """Begin to look for refunds; called in the worker, as threads do not survive its fork."""
        if self.provider is not None:
            super().start()

    def open(self, order_id: UUID, return_url: str) -> bool:
        """Have a place made where an order's payment is paid; False where the provider does not answer."""
        here, provider = self._here, self.provider
        due = here.read(lambda c: payments.to_pay(c, order_id, now=here.now()))
        if due is None or due.provider_ref is not None:
            return True
        if provider is None:
            return False
        try:
            ref, address = provider.create(
                due.payment_id, due.amount_minor, due.currency, return_url
            )
        except NotTaken as error:
            log.warning("a payment could not be begun: %s", error)
            return False
        here.change(lambda c: payments.begun(c, due.payment_id, ref, address))
        return True

    def look(self) -> int:
        """Give back what is owed; how many the provider gave back."""
        here, done = self._here, 0
        while self.provider is not None:
            due = here.change(lambda c: payments.take_refund(c, clock=here.clock))
            if due is None:
                break
            try:
                self.provider.refund(due.payment_id, due.provider_ref or "")
            except NotTaken as error:
                log.warning("a refund is owed, and is tried again: %s", error)
                continue
            here.change(partial(payments.refunded, payment_id=due.payment_id, clock=here.clock))
            done += 1
        return done


@room.post(WEBHOOK)
@keyed
def told() -> Response:
    """What the provider says was paid, signed by it. Told again, it changes nothing."""
    here = parts()
    request.max_content_length = MOST_BYTES
    body = request.get_data(cache=False)
    header = request.headers.get(HEADER, "")
    if not is_signed(here.settings.payment_key, header, body, now=here.now()):
        return _answer(401, "The signature is missing, wrong or too old.")
    try:
        said: dict[str, Any] = json.loads(body)
        payment_id, amount = UUID(str(said["id"])), said["amount_minor"]
        currency, state = str(said["currency"]), said["state"]
        if type(amount) is not int:
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        return _answer(400, "Say id, amount_minor, currency and state.")
    if state != "paid":
        return _answer(422, "Only what was paid is told here.")
    is_ours = here.change(
        lambda c: payments.confirm(c, payment_id, amount, currency, clock=here.clock)
    )
    if not is_ours:
        return _answer(422, "No payment of ours has that id, amount and currency.")
    return _answer(200, "")


def _answer(status: int, error: str) -> Response:
    text = json.dumps({"error": error} if error else {"state": "known"})
    return Response(text, status, mimetype="application/json")


def init_app(app: Flask) -> None:
    """Give the application its cashier; who serves it starts it."""
    app.extensions[EXTENSION] = Cashier(app)


def of(app: Flask) -> Cashier:
    """The cashier of an application."""
    found: Cashier = app.extensions[EXTENSION]
    return found


def takes_online() -> bool:
    """Whether orders can be paid online here."""
    return of(current_app).provider is not None


def open_payment(order_id: UUID) -> bool:
    """Have a place made where this order is paid; False where the provider does not answer."""
    here = parts()
    return_url = here.settings.portal_url + url_for("orders.page", order_id=order_id)
    return of(current_app).open(order_id, return_url)

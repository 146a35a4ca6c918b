"""A pharmacy's till that sells at a steady rate through the portal and remembers what it was told."""

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

import requests

PATH = "/api/v1/stock-movements"


@dataclass
class Till:
    """Sends one sale per request, `rate` requests a second, until told to stop.

    `attempted` and `acknowledged` hold line ids; an answer other than 2xx, or none, is no acknowledgement.
    """

    portal_url: str
    api_key: str
    medicine_id: str
    rate: float
    prefix: str
    attempted: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    workers: int = 16

    def run(self, seconds: float | None = None) -> None:
        """Sell for that long, or until `stop` is set; a slow answer does not slow the next sale."""
        threads: list[threading.Thread] = []
        start, sent = time.monotonic(), 0
        slots = threading.BoundedSemaphore(self.workers)
        while not self.stop.is_set() and (seconds is None or time.monotonic() - start < seconds):
            due = start + sent / self.rate
            if self.stop.wait(max(0.0, due - time.monotonic())):
                break
            sent += 1
            if not slots.acquire(timeout=30):
                continue
            thread = threading.Thread(target=self._sell, args=(f"{self.prefix}-{sent}", slots))
            thread.start()
            threads = [each for each in threads if each.is_alive()] + [thread]
        for thread in threads:
            thread.join(timeout=60)

    def _sell(self, line_id: str, slots: threading.BoundedSemaphore) -> None:
        self.attempted.append(line_id)
        line = {
            "line_id": line_id,
            "kind": "sale",
            "medicine_id": self.medicine_id,
            "quantity": "1",
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        headers = {"Authorization": f"Bearer {self.api_key}", "Idempotency-Key": str(uuid.uuid4())}
        try:
            answer = requests.post(
                self.portal_url + PATH, json={"lines": [line]}, headers=headers, timeout=20
            )
            if answer.ok and answer.json()["lines"][0]["result"] in {"recorded", "repeated"}:
                self.acknowledged.append(line_id)
        except (requests.RequestException, ValueError, KeyError, IndexError):
            # No answer is no acknowledgement; whether it was committed shows at the end.
            pass
        finally:
            slots.release()

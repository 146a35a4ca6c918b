"""YARN as far as a job's caller needs it: which applications carry a tag, and ending them.

Over the ResourceManager's web interface: the command line starts a Java machine for each question.
"""

import time
from dataclasses import dataclass
from typing import Any

import requests

RUNNING = ("NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "RUNNING")
ANSWER_SECONDS = 10
KILL_SECONDS = 30
BETWEEN_LOOKS = 0.5


class YarnError(Exception):
    """YARN did not answer, or did not do as it was told; the text says what."""


@dataclass(frozen=True)
class Application:
    """One application: `application_id`, its state, and how it ended (`SUCCEEDED`, `KILLED` …)."""

    application_id: str
    state: str
    final_status: str


@dataclass(frozen=True)
class Yarn:
    """The ResourceManager at that web address (http://HOST:PORT), spoken to under that user name."""

    url: str
    user: str = "remedy"

    def applications(
        self, tag: str, states: tuple[str, ...] = (), *, seconds: float = ANSWER_SECONDS
    ) -> list[Application]:
        """The applications with that tag, oldest first; those in `states`, or all.

        Raises:
            YarnError: if YARN does not answer within `seconds`.
        """
        # YARN keeps tags in lower case.
        asked = {"applicationTags": tag.lower(), "user.name": self.user}
        if states:
            asked["states"] = ",".join(states)
        answer = self._ask("GET", "apps", seconds, params=asked)
        found = (answer.get("apps") or {}).get("app") or []
        return [
            Application(one["id"], one["state"], one["finalStatus"])
            for one in sorted(found, key=lambda one: one["id"])
        ]

    def kill(self, application_id: str, *, seconds: float = ANSWER_SECONDS) -> None:
        """Ask YARN to end an application; one that has ended stays as it is.

        Raises:
            YarnError: if YARN refuses or does not answer.
        """
        self._ask(
            "PUT",
            f"apps/{application_id}/state",
            seconds,
            params={"user.name": self.user},
            json={"state": "KILLED"},
        )

    def end_all(self, tag: str, *, seconds: float = KILL_SECONDS) -> list[str]:
        """End every application with that tag and wait until none runs; returns their ids.

        Raises:
            YarnError: if one still runs after `seconds`, or YARN does not answer.
        """
        ended: dict[str, None] = {}
        deadline = time.monotonic() + seconds
        while running := self.applications(tag, RUNNING):
            for application in running:
                self.kill(application.application_id)
                ended[application.application_id] = None
            if time.monotonic() > deadline:
                names = ", ".join(application.application_id for application in running)
                raise YarnError(
                    f"YARN was told {seconds:g} s ago to end {names}, and still runs it;"
                    f" look at {self.url}/cluster."
                )
            time.sleep(BETWEEN_LOOKS)
        return list(ended)

    def _ask(self, method: str, path: str, seconds: float, **request: Any) -> dict[str, Any]:
        try:
            with requests.Session() as session:
                # Spoken to directly, whatever the environment says about proxies.
                session.trust_env = False
                response = session.request(
                    method, f"{self.url}/ws/v1/cluster/{path}", timeout=seconds, **request
                )
            if response.status_code >= 400:
                raise YarnError(
                    f"YARN at {self.url} answered {response.status_code} to {method} {path}."
                )
            answer: dict[str, Any] = response.json() if response.content else {}
        except (requests.RequestException, ValueError) as error:
            raise YarnError(
                f"YARN at {self.url} does not answer ({type(error).__name__})."
            ) from None
        return answer

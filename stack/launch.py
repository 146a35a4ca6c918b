"""How a service of the table becomes a process: its command filled in, its environment, its user."""

import os
import shlex
import subprocess

from stack.installation import ROOT, Installation, postgres_bin
from stack.render import fill, template_values
from stack.services import Service


class Launcher:
    """Starts the services of one installation.

    Args:
        installation: whose folders, ports and secrets they get.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._values = template_values(installation) | {"postgres_bin": str(postgres_bin() or "")}

    def start(self, service: Service) -> subprocess.Popen[bytes]:
        """Its process, leader of a session and a group of its own; what it says can be read unblocked.

        Raises:
            OSError: when there is no such program.
        """
        user = self._installation.run_as if service.is_database else None
        process = subprocess.Popen(
            [fill(word, self._values) for word in shlex.split(service.command)],
            # The databases' user may not be allowed into the checkout.
            cwd=self._installation.databases if service.is_database else ROOT,
            env=self._environment(service),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        return process

    def _environment(self, service: Service) -> dict[str, str]:
        installation = self._installation
        env = installation.process_env() | dict(service.env)
        if service.account:
            env |= installation.account_env(service.account, has_keys=service.has_keys)
        if service.is_airflow:
            env |= installation.airflow_env()
        return env

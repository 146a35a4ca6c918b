"""A stack for one measurement, and who in it sells: started for it, ended with it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import sqlalchemy as sa

from remedy.gateways.mysql import engine_for
from remedy.schema.pharmacy import medicine, pharmacy
from stack.installation import ROOT
from tests.running_stack import RunningStack, running_stack


class OwnStack:
    """The stack under measurement; adds to `RunningStack` what a load needs."""

    def __init__(self, running: RunningStack) -> None:
        self.running = running
        self.settings = running.settings
        self.url = running.url
        self.env = running.env

    def api_key(self) -> str:
        """A new key of the first pharmacy's till."""
        with engine_for(self.settings("owner").database_url).connect() as connection:
            pharmacy_id = connection.execute(
                sa.select(pharmacy.c.public_id).order_by(pharmacy.c.id).limit(1)
            ).scalar_one()
        command = [sys.executable, "-m", "remedy", "api-key", "new", "--pharmacy", str(pharmacy_id)]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env("owner"), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def medicine_id(self) -> str:
        """A medicine to sell."""
        with engine_for(self.settings("owner").database_url).connect() as connection:
            first = sa.select(medicine.c.public_id).order_by(medicine.c.id).limit(1)
            return str(connection.execute(first).scalar_one())

    def process(self, name: str) -> psutil.Process | None:
        """The process of a service; None while it is not ready."""
        if self.running.state(name) != "ready":
            return None
        try:
            return psutil.Process(self.running.pid(name))
        except (psutil.NoSuchProcess, AssertionError):
            return None

    def landing_task(self) -> psutil.Process | None:
        """The process that lands: below Airflow's scheduler, the one that speaks to Kafka."""
        scheduler = self.process("airflow-scheduler")
        if scheduler is None:
            return None
        kafka = self.running.port("kafka")
        for child in scheduler.children(recursive=True):
            try:
                ports = [place.raddr.port for place in child.net_connections("tcp") if place.raddr]
            except psutil.NoSuchProcess:
                continue
            if kafka in ports:
                return child
        return None


@contextmanager
def own_stack() -> Iterator[OwnStack]:
    """A stack for the length of the block."""
    with running_stack() as running:
        yield OwnStack(running)

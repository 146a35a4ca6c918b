"""How to tell that a service answers. A probe asks once and never waits longer than a few seconds.

A probe is a function of (installation, started) that returns True when the service is ready; `started` is
when the process began, in seconds since the epoch, so that what an earlier one said is not believed.
"""

import http.client
import json
import socket
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from stack.installation import Installation

Probe = Callable[[Installation, float], bool]

TIMEOUT_S = 4.0


def lasts(seconds: float = 2.0) -> Probe:
    """Ready when it has not died at once: for what listens nowhere."""
    return lambda installation, started: time.time() - started >= seconds


def listens(port: str) -> Probe:
    """Ready when the port can be connected to."""

    def probe(installation: Installation, started: float) -> bool:
        with socket.create_connection(("127.0.0.1", installation.port(port)), TIMEOUT_S):
            return True

    return probe


def greets(port: str) -> Probe:
    """Ready when the server speaks first, as MariaDB and SMTP do."""

    def probe(installation: Installation, started: float) -> bool:
        with socket.create_connection(
            ("127.0.0.1", installation.port(port)), TIMEOUT_S
        ) as connection:
            return bool(connection.recv(1))

    return probe


def postgres(port: str) -> Probe:
    """Ready when PostgreSQL asks for a password; while it recovers it answers with an error."""
    words = b"user\0airflow\0database\0airflow\0\0"
    startup = struct.pack("!ii", 8 + len(words), 196608) + words

    def probe(installation: Installation, started: float) -> bool:
        with socket.create_connection(
            ("127.0.0.1", installation.port(port)), TIMEOUT_S
        ) as connection:
            connection.sendall(startup)
            return connection.recv(1) == b"R"

    return probe


def kafka(port: str) -> Probe:
    """Ready when the broker answers which versions it speaks, which it does only once it serves."""
    body = struct.pack("!hhih", 18, 0, 1, -1)

    def probe(installation: Installation, started: float) -> bool:
        with socket.create_connection(
            ("127.0.0.1", installation.port(port)), TIMEOUT_S
        ) as connection:
            connection.sendall(struct.pack("!i", len(body)) + body)
            return len(connection.recv(8)) == 8

    return probe


def answers(port: str, path: str) -> Probe:
    """Ready when the page answers 200."""
    return lambda installation, started: _get(installation, port, path) is not None


def datanode(port: str) -> Probe:
    """Ready when the DataNode is registered and the NameNode has left safe mode."""

    def probe(installation: Installation, started: float) -> bool:
        own = _bean(installation, port, "Hadoop:service=DataNode,name=DataNodeInfo")
        actors = json.loads(own.get("BPServiceActorInfo") or "[]")
        if not actors or any(actor["ActorState"] != "RUNNING" for actor in actors):
            return False
        name = _bean(installation, "namenode-web", "Hadoop:service=NameNode,name=NameNodeInfo")
        return name.get("Safemode") == ""

    return probe


def nodemanager(port: str) -> Probe:
    """Ready when the NodeManager answers and the ResourceManager counts it."""

    def probe(installation: Installation, started: float) -> bool:
        if _get(installation, port, "/ws/v1/node/info") is None:
            return False
        cluster = _get(installation, "resourcemanager-web", "/ws/v1/cluster/metrics")
        return cluster is not None and json.loads(cluster)["clusterMetrics"]["activeNodes"] >= 1

    return probe


def airflow(part: str) -> Probe:
    """Ready when Airflow's health page has heard of this part since it was started."""

    def probe(installation: Installation, started: float) -> bool:
        text = _get(installation, "airflow-api-server", "/api/v2/monitor/health")
        if text is None:
            return False
        heard = json.loads(text)[part].get(f"latest_{part}_heartbeat")
        return bool(heard) and _instant(heard) >= started

    return probe


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _bean(installation: Installation, port: str, name: str) -> dict[str, Any]:
    text = _get(installation, port, f"/jmx?qry={name}")
    beans = json.loads(text)["beans"] if text else []
    return beans[0] if beans else {}


def _get(installation: Installation, port: str, path: str) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", installation.port(port), timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Accept": "application/json, */*"})
        response = connection.getresponse()
        body = response.read()
        return body.decode() if response.status == 200 else None
    finally:
        connection.close()

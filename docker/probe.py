"""Health checks of the containers of our image: exits 0 when the service answers, else says why and exits 1.

`probe.py page URL` · `probe.py airflow COMPONENT` (as the API server sees it) · `probe.py lock NAME` (held in MySQL)
`probe.py show URL` prints the page: the mail catcher's is open inside the container only.
"""

import json
import sys
import urllib.request

TIMEOUT_S = 5
AIRFLOW = "http://airflow-api-server:8080/api/v2/monitor/health"


def page(url: str) -> str:
    """The page at `url`; an answer that is not 2xx is an error."""
    # Which scheme is opened is not a stranger's choice (S310): the address stands in docker-compose.yml.
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310
        return str(answer.read().decode("utf-8", "replace"))


def show(url: str) -> None:
    """Print the page at `url`."""
    print(page(url))


def airflow(component: str) -> None:
    """Raise unless Airflow calls this part of itself healthy."""
    status = json.loads(page(AIRFLOW)).get(component, {}).get("status")
    if status != "healthy":
        raise RuntimeError(f"Airflow calls its {component} {status}.")


def lock(name: str) -> None:
    """Raise unless somebody holds the named lock: the relay holds one while it works."""
    import sqlalchemy as sa

    from remedy.gateways.mysql import engine_for
    from remedy.settings import Settings

    with engine_for(Settings.from_env().database_url).connect() as connection:
        if (
            connection.execute(
                sa.text("SELECT IS_USED_LOCK(CONCAT(:n, '.', DATABASE()))"), {"n": name}
            ).scalar()
            is None
        ):
            raise RuntimeError(f"Nobody holds the lock {name}.")


def main(kind: str, what: str) -> int:
    """Ask once."""
    try:
        {"page": page, "show": show, "airflow": airflow, "lock": lock}[kind](what)
    except Exception as error:  # whatever it is, the service is not well
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""A supervisor with a few cheap services: `python -m tests.integration.small_stack`.

What the tests of the supervisor hurt, so that they need not wait for Java.
"""

import os
import sys

from stack import probes
from stack.installation import Installation
from stack.render import render
from stack.services import Service
from stack.supervisor import Supervisor

_SERVE = "$python -m http.server --bind 127.0.0.1"
# Leaves a child in a session of its own, as a container of YARN is.
_PARENT = (
    '$python -c "import subprocess, time; '
    "subprocess.Popen(['sleep', '3600'], start_new_session=True); time.sleep(3600)\""
)

SERVICES = (
    Service("first", f"{_SERVE} $port_portal", ready=probes.listens("portal"), port="portal"),
    Service("step", "$python -c pass", after=("first",), once=True),
    Service(
        "second",
        f"{_SERVE} $port_streamlit",
        after=("step",),
        ready=probes.listens("streamlit"),
        port="streamlit",
    ),
    Service("third", "$python -c 'import time; time.sleep(3600)'", after=("second",), ready=probes.lasts(0.1)),
    Service("parent", _PARENT, ready=probes.lasts(0.5)),
    Service("deaf", "$python -c 'import time; time.sleep(3600)'", ready=probes.listens("mail"),
            port="mail", patience_s=2),
    Service("behind-deaf", "$python -c pass", after=("deaf",)),
    Service("mortal", "$python -c 'print(1/0)'", ready=probes.lasts(60)),
)  # fmt: skip


def main(names: list[str]) -> None:
    """Run the services of these names until told to stop."""
    installation = Installation.locate(os.environ)
    installation.prepare()
    render(installation)
    wanted = tuple(service for service in SERVICES if service.name in names)
    Supervisor(installation, wanted, say=lambda text: print(text, flush=True)).run()


if __name__ == "__main__":
    main(sys.argv[1:])

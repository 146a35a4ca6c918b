"""The application as tests serve it: who goes away in the middle leaves nothing open, which a later test would be blamed for."""

import gc
import socket
import struct
import warnings

import pytest
import sqlalchemy as sa

from tests.integration.portal_cast import Cast, a_cast
from tests.integration.serving import served
from tests.integration.streams import await_that

ASKED = b"GET /static/vendor/htmx-2.0.11.min.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# Closing resets the connection at once.
RESETS = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def test_a_file_nobody_waits_for_is_closed(cast: Cast) -> None:
    answered: list[int] = []

    @cast.app.after_request
    def count(response):
        answered.append(response.status_code)
        return response

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with served(cast.app) as address:
            port = int(address.rsplit(":", 1)[1])
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", port)) as line:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
                    line.sendall(ASKED)
                    # Let it be asked for before its reader goes.
                    line.recv(1)
            await_that(lambda: len(answered) == 20)
        gc.collect()
    assert answered == [200] * 20
    assert [str(one.message) for one in said if one.category is ResourceWarning] == []

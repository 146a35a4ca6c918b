"""Requests for a visit: how many are in which state, and which wait for a decision. No patients."""

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame

STATES = ("requested", "proposed", "accepted", "declined", "cancelled", "attended", "missed")


def by_state(connection: sa.Connection) -> pd.DataFrame:
    """Every state that occurs: state, request_count, newest_at (of the requests), decided_at."""
    return frame(
        connection,
        "SELECT state, COUNT(*) AS request_count, MAX(requested_at) AS newest_at,"
        " MAX(decided_at) AS decided_at FROM request_state GROUP BY state",
    )


def by_speciality(connection: sa.Connection) -> pd.DataFrame:
    """Requests per speciality and state: speciality, state, request_count."""
    return frame(
        connection,
        "SELECT speciality, state, COUNT(*) AS request_count FROM request_state"
        " GROUP BY speciality, state ORDER BY speciality, state",
    )


def waiting(connection: sa.Connection) -> pd.DataFrame:
    """What waits for a decision, urgent first, then oldest; at most 100.

    appointment_id, doctor, speciality, urgency, starts_at, time_zone, requested_at, lapses_at.
    """
    return frame(
        connection,
        "SELECT r.public_id AS appointment_id, d.name AS doctor, r.speciality, r.urgency, r.starts_at,"
        " r.time_zone, r.requested_at, r.lapses_at"
        " FROM request_state r JOIN known_doctor d ON d.public_id = r.doctor_id"
        " WHERE r.state = 'requested'"
        " ORDER BY FIELD(r.urgency, 'urgent', 'soon', 'routine'), r.requested_at, r.public_id LIMIT 100",
    )

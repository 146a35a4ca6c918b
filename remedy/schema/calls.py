"""Tables of the call list: whether it is on, and what was noted of a call. The risk of a missed visit has no column."""

import sqlalchemy as sa

from remedy.schema.base import Instant, Uuid, reference, row_id, table

call_list_switch = table(
    "call_list_switch",
    # Each time an admin switched it; the last row holds, without any it is off.
    row_id(),
    sa.Column("is_on", sa.Boolean, nullable=False),
    sa.Column("switched_at", Instant, nullable=False),
    sa.Column("switched_by", Uuid, nullable=False),
)

visit_call = table(
    "visit_call",
    # The last that was noted of a visit's call, and for which time of the visit it was.
    reference("appointment_id", "appointment.id", primary_key=True, autoincrement=False),
    sa.Column("starts_at", Instant, nullable=False),
    # called, confirmed
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("noted_at", Instant, nullable=False),
    sa.Column("noted_by", Uuid, nullable=False),
)

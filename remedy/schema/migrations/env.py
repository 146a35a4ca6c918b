"""Alembic's entry: runs the migrations on the connection handed over by `remedy.schema.migrate`."""

from alembic import context

from remedy.schema.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
with context.begin_transaction():
    context.run_migrations()

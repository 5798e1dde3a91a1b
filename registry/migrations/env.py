"""How alembic runs our migrations: on the connection that ``registry.schema`` hands over, inside its transaction."""

from alembic import context

from registry.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    render_as_batch=False,
)
context.run_migrations()

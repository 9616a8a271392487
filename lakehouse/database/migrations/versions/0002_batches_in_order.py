"""The order in which batches were written, for those to be forgotten that nobody sends again."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    # A time would not do: transactions end in another order than they begin in, and clocks are set back.
    "ALTER TABLE batches ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY",
    "CREATE UNIQUE INDEX batches_number ON batches (table_name, number)",
)


def upgrade() -> None:
    """Number the batches."""
    for statement in _STATEMENTS:
        op.execute(statement)

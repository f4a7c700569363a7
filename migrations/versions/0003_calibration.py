"""What a cosine means in an embedding space: {"similar": [slope, offset], "questions": …}."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(
        "ALTER TABLE spaces ADD COLUMN calibration jsonb NOT NULL DEFAULT '{}'"
    )

"""One-time values of live codes that were checked"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('live_code_use',
    sa.Column('one_time', sa.LargeBinary(), nullable=False),
    sa.Column('licence_id', sa.String(length=16), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('one_time', name=op.f('pk_live_code_use'))
    )
    op.create_index('ix_live_code_use_licence', 'live_code_use', ['licence_id', 'used_at'], unique=False)


def downgrade() -> None:
    op.drop_table('live_code_use')

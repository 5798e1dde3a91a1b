"""Codes and sessions of holders who look at their own licences"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('holder_access',
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('is_session', sa.Boolean(), nullable=False),
    sa.Column('holder_code', sa.String(length=64), nullable=False),
    sa.Column('holder_code_type', sa.String(length=3), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_holder_access'))
    )
    op.create_index('ix_holder_access_ends_at', 'holder_access', ['ends_at'], unique=False)


def downgrade() -> None:
    op.drop_table('holder_access')

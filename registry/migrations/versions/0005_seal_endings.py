"""Ends of seals that a custodian proposed and an approver has not yet confirmed"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('seal_ending',
    sa.Column('code', sa.String(length=14), nullable=False),
    sa.Column('act', sa.String(length=10), nullable=False),
    sa.Column('etag', sa.Integer(), nullable=False),
    sa.Column('proposed_by', sa.String(length=64), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(length=2000), nullable=False),
    sa.Column('legal_basis', sa.String(length=500), nullable=False),
    sa.Column('reference', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['code'], ['seal.code'], name=op.f('fk_seal_ending_code')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_seal_ending'))
    )


def downgrade() -> None:
    op.drop_table('seal_ending')

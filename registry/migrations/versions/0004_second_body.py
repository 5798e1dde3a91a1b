"""A licence's second body: the sealed OFD"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('licence') as batch_op:
        batch_op.add_column(sa.Column('ofd_digest', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('ofd_leaf', sa.BigInteger(), nullable=True))
        batch_op.create_index(batch_op.f('ix_licence_ofd_digest'), ['ofd_digest'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('licence') as batch_op:
        batch_op.drop_index(batch_op.f('ix_licence_ofd_digest'))
        batch_op.drop_column('ofd_leaf')
        batch_op.drop_column('ofd_digest')

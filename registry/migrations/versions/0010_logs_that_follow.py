"""Logs that follow one another, and leaves that came back after a restore"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('closed_log',
    sa.Column('origin', sa.String(length=255), nullable=False),
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('edge', sa.LargeBinary(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('time', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_closed_log_log')),
    sa.PrimaryKeyConstraint('origin', name=op.f('pk_closed_log'))
    )
    op.create_table('recovered_leaf',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('leaf_index', sa.BigInteger(), nullable=False),
    sa.Column('what', sa.String(length=130), nullable=False),
    sa.Column('document', sa.String(length=64), nullable=True),
    sa.Column('licence_id', sa.String(length=16), nullable=True),
    sa.Column('number', sa.String(length=200), nullable=True),
    sa.Column('recovered_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_recovered_leaf_log')),
    sa.PrimaryKeyConstraint('log', 'leaf_index', name=op.f('pk_recovered_leaf'))
    )
    op.create_table('kept_status',
    sa.Column('status_list', sa.Integer(), nullable=False),
    sa.Column('status_index', sa.Integer(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('status_list', 'status_index', name=op.f('pk_kept_status'))
    )
    op.create_index('ix_recovered_leaf_document', 'recovered_leaf', ['document'], unique=False)


def downgrade() -> None:
    op.drop_table('kept_status')
    op.drop_table('recovered_leaf')
    op.drop_table('closed_log')

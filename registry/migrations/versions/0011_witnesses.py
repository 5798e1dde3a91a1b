"""Checkpoints that witnesses cosigned, and what each of them said last"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('log_checkpoint',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_log_checkpoint_log')),
    sa.PrimaryKeyConstraint('log', 'size', name=op.f('pk_log_checkpoint'))
    )
    op.create_table('log_cosignature',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('witness', sa.String(length=300), nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_log_cosignature_log')),
    sa.PrimaryKeyConstraint('log', 'size', 'witness', name=op.f('pk_log_cosignature'))
    )
    op.create_table('witness_answer',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('witness', sa.String(length=300), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_witness_answer_log')),
    sa.PrimaryKeyConstraint('log', 'witness', name=op.f('pk_witness_answer'))
    )


def downgrade() -> None:
    op.drop_table('witness_answer')
    op.drop_table('log_cosignature')
    op.drop_table('log_checkpoint')

"""Public keys of calling systems, their tokens, and the signed statements that were used"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('client_key',
    sa.Column('key_id', sa.String(length=64), nullable=False),
    sa.Column('kid', sa.String(length=256), nullable=False),
    sa.Column('algorithm', sa.String(length=16), nullable=False),
    sa.Column('spki', sa.LargeBinary(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['key_id'], ['api_client.key_id'], name=op.f('fk_client_key_key_id')),
    sa.PrimaryKeyConstraint('key_id', 'kid', name=op.f('pk_client_key'))
    )
    op.create_table('client_token',
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('key_id', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['key_id'], ['api_client.key_id'], name=op.f('fk_client_token_key_id')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_client_token'))
    )
    op.create_index('ix_client_token_expires_at', 'client_token', ['expires_at'], unique=False)
    op.create_index('ix_client_token_key_id', 'client_token', ['key_id'], unique=False)
    op.create_table('client_statement',
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_client_statement'))
    )
    op.create_index('ix_client_statement_expires_at', 'client_statement', ['expires_at'], unique=False)


def downgrade() -> None:
    op.drop_table('client_statement')
    op.drop_table('client_token')
    op.drop_table('client_key')

"""Official documents: what is prepared, approved and sealed that is no licence"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('official_document',
    sa.Column('document_id', sa.String(length=16), nullable=False),
    sa.Column('department', sa.String(length=18), nullable=False),
    sa.Column('form', sa.String(length=3), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('grant_id', sa.String(length=24), nullable=False),
    sa.Column('seal_code', sa.String(length=14), nullable=False),
    sa.Column('seal_version', sa.Integer(), nullable=False),
    sa.Column('item_code', sa.String(length=33), nullable=True),
    sa.Column('upload_digest', sa.String(length=64), nullable=False),
    sa.Column('prepared_digest', sa.String(length=64), nullable=False),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('layout', sa.Text(), nullable=False),
    sa.Column('prepared_by', sa.String(length=64), nullable=False),
    sa.Column('prepared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.String(length=64), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('use_id', sa.String(length=32), nullable=True),
    sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('document_digest', sa.String(length=64), nullable=True),
    sa.Column('leaf', sa.BigInteger(), nullable=True),
    sa.Column('etag', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['department'], ['department.uscc'], name=op.f('fk_official_document_department')),
    sa.ForeignKeyConstraint(['grant_id'], ['seal_grant.grant_id'], name=op.f('fk_official_document_grant_id')),
    sa.ForeignKeyConstraint(['seal_code'], ['seal.code'], name=op.f('fk_official_document_seal_code')),
    sa.ForeignKeyConstraint(['use_id'], ['seal_use.use_id'], name=op.f('fk_official_document_use_id')),
    sa.PrimaryKeyConstraint('document_id', name=op.f('pk_official_document'))
    )
    op.create_index('ix_official_document_department', 'official_document', ['department', 'prepared_at', 'document_id'], unique=False)
    op.create_index(op.f('ix_official_document_document_digest'), 'official_document', ['document_digest'], unique=False)
    op.create_index('ix_official_document_leaf', 'official_document', ['leaf'], unique=True)
    op.create_index(op.f('ix_official_document_prepared_digest'), 'official_document', ['prepared_digest'], unique=False)
    op.create_index('ix_official_document_unsealed', 'official_document', ['prepared_at'], unique=False, sqlite_where=sa.text("state IN ('prepared', 'sealing')"), postgresql_where=sa.text("state IN ('prepared', 'sealing')"))

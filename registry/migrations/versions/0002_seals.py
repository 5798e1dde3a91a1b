"""Seals: seals, their objects, grants, uses, and the acts on them"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('seal',
    sa.Column('code', sa.String(length=14), nullable=False),
    sa.Column('kind', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('owner', sa.String(length=18), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('last_version', sa.Integer(), nullable=False),
    sa.Column('last_grant', sa.Integer(), nullable=False),
    sa.Column('psb_code', sa.String(length=13), nullable=True),
    sa.Column('etag', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['owner'], ['department.uscc'], name=op.f('fk_seal_owner')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_seal'))
    )
    op.create_index(op.f('ix_seal_owner'), 'seal', ['owner'], unique=False)
    op.create_table('seal_grant',
    sa.Column('grant_id', sa.String(length=24), nullable=False),
    sa.Column('code', sa.String(length=14), nullable=False),
    sa.Column('office', sa.String(length=18), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=True),
    sa.Column('person', sa.String(length=64), nullable=True),
    sa.Column('documents_basis', sa.String(length=200), nullable=True),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('uses_max', sa.Integer(), nullable=True),
    sa.Column('uses_taken', sa.Integer(), nullable=False),
    sa.Column('needs_second', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('granted_by', sa.String(length=64), nullable=False),
    sa.Column('granted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['code'], ['seal.code'], name=op.f('fk_seal_grant_code')),
    sa.ForeignKeyConstraint(['office'], ['department.uscc'], name=op.f('fk_seal_grant_office')),
    sa.PrimaryKeyConstraint('grant_id', name=op.f('pk_seal_grant'))
    )
    op.create_index(op.f('ix_seal_grant_code'), 'seal_grant', ['code'], unique=False)
    op.create_index('ix_seal_grant_office', 'seal_grant', ['office', 'grant_id'], unique=False)
    op.create_table('seal_object',
    sa.Column('code', sa.String(length=14), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('picture', sa.LargeBinary(), nullable=False),
    sa.Column('width_mm', sa.Integer(), nullable=False),
    sa.Column('height_mm', sa.Integer(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('applied_by', sa.String(length=64), nullable=False),
    sa.Column('approved_by', sa.String(length=64), nullable=True),
    sa.Column('key', sa.String(length=64), nullable=True),
    sa.Column('certificate', sa.LargeBinary(), nullable=True),
    sa.Column('certificate_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('certificate_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('digest', sa.LargeBinary(), nullable=True),
    sa.Column('maker_leaf', sa.BigInteger(), nullable=True),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('key_destroyed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['code'], ['seal.code'], name=op.f('fk_seal_object_code')),
    sa.PrimaryKeyConstraint('code', 'version', name=op.f('pk_seal_object'))
    )
    op.create_index(op.f('ix_seal_object_digest'), 'seal_object', ['digest'], unique=False)
    op.create_table('seal_event',
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=14), nullable=False),
    sa.Column('grant_id', sa.String(length=24), nullable=True),
    sa.Column('act', sa.String(length=10), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('object_digest', sa.LargeBinary(), nullable=True),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('legal_basis', sa.String(length=500), nullable=False),
    sa.Column('person', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=2000), nullable=False),
    sa.Column('reference', sa.String(length=200), nullable=False),
    sa.Column('record', sa.LargeBinary(), nullable=False),
    sa.Column('private', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['code'], ['seal.code'], name=op.f('fk_seal_event_code')),
    sa.ForeignKeyConstraint(['grant_id'], ['seal_grant.grant_id'], name=op.f('fk_seal_event_grant_id')),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_seal_event')),
    sa.UniqueConstraint('digest', name=op.f('uq_seal_event_digest'))
    )
    op.create_index(op.f('ix_seal_event_code'), 'seal_event', ['code'], unique=False)
    op.create_index(op.f('ix_seal_event_grant_id'), 'seal_event', ['grant_id'], unique=False)
    op.create_table('seal_grant_item',
    sa.Column('grant_id', sa.String(length=24), nullable=False),
    sa.Column('item_code', sa.String(length=33), nullable=False),
    sa.Column('legal_basis', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['grant_id'], ['seal_grant.grant_id'], name=op.f('fk_seal_grant_item_grant_id')),
    sa.PrimaryKeyConstraint('grant_id', 'item_code', name=op.f('pk_seal_grant_item'))
    )
    op.create_table('seal_grant_type',
    sa.Column('grant_id', sa.String(length=24), nullable=False),
    sa.Column('type_code', sa.String(length=21), nullable=False),
    sa.ForeignKeyConstraint(['grant_id'], ['seal_grant.grant_id'], name=op.f('fk_seal_grant_type_grant_id')),
    sa.PrimaryKeyConstraint('grant_id', 'type_code', name=op.f('pk_seal_grant_type'))
    )
    op.create_table('seal_use',
    sa.Column('use_id', sa.String(length=32), nullable=False),
    sa.Column('grant_id', sa.String(length=24), nullable=False),
    sa.Column('code', sa.String(length=14), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('licence_id', sa.String(length=16), nullable=True),
    sa.Column('document_id', sa.String(length=64), nullable=True),
    sa.Column('type_code', sa.String(length=21), nullable=True),
    sa.Column('item_code', sa.String(length=33), nullable=True),
    sa.Column('legal_basis', sa.String(length=200), nullable=False),
    sa.Column('office', sa.String(length=18), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('person', sa.String(length=64), nullable=False),
    sa.Column('second_role', sa.String(length=32), nullable=True),
    sa.Column('second_person', sa.String(length=64), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('record', sa.LargeBinary(), nullable=True),
    sa.Column('private', sa.LargeBinary(), nullable=True),
    sa.Column('filing', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['code'], ['seal.code'], name=op.f('fk_seal_use_code')),
    sa.ForeignKeyConstraint(['grant_id'], ['seal_grant.grant_id'], name=op.f('fk_seal_use_grant_id')),
    sa.PrimaryKeyConstraint('use_id', name=op.f('pk_seal_use'))
    )
    op.create_index('ix_seal_use_code', 'seal_use', ['code', 'taken_at'], unique=False)
    op.create_index(op.f('ix_seal_use_document_id'), 'seal_use', ['document_id'], unique=False)
    op.create_index(op.f('ix_seal_use_filing'), 'seal_use', ['filing'], unique=False)
    op.create_index(op.f('ix_seal_use_grant_id'), 'seal_use', ['grant_id'], unique=False)
    op.create_index(op.f('ix_seal_use_licence_id'), 'seal_use', ['licence_id'], unique=False)
    op.create_index('ix_seal_use_open', 'seal_use', ['lease_until'], unique=False, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
    op.create_table('seal_use_body',
    sa.Column('use_id', sa.String(length=32), nullable=False),
    sa.Column('leaf', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['use_id'], ['seal_use.use_id'], name=op.f('fk_seal_use_body_use_id')),
    sa.PrimaryKeyConstraint('use_id', 'leaf', name=op.f('pk_seal_use_body'))
    )
    op.create_index(op.f('ix_seal_use_body_digest'), 'seal_use_body', ['digest'], unique=False)
    op.create_index(op.f('ix_seal_use_body_leaf'), 'seal_use_body', ['leaf'], unique=False)

"""First tables"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('artefact',
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('stored_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'name', name=op.f('pk_artefact'))
    )
    op.create_table('counter',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('value', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_counter'))
    )
    op.create_table('department',
    sa.Column('uscc', sa.String(length=18), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('short_code', sa.String(length=32), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('parent', sa.String(), nullable=True),
    sa.Column('division', sa.String(length=6), nullable=False),
    sa.ForeignKeyConstraint(['parent'], ['department.uscc'], name=op.f('fk_department_parent')),
    sa.PrimaryKeyConstraint('uscc', name=op.f('pk_department'))
    )
    op.create_index(op.f('ix_department_parent'), 'department', ['parent'], unique=False)
    op.create_table('licence_type',
    sa.Column('code', sa.String(length=21), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('in_force_from', sa.Date(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('offline_hours', sa.Integer(), nullable=False),
    sa.Column('definition', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('code', 'version', name=op.f('pk_licence_type'))
    )
    op.create_table('lineage',
    sa.Column('lineage', sa.String(length=32), nullable=False),
    sa.Column('number', sa.String(length=200), nullable=False),
    sa.Column('last_version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('lineage', name=op.f('pk_lineage'))
    )
    op.create_table('log_head',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('origin', sa.String(length=255), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('edge', sa.LargeBinary(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('time', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('log', name=op.f('pk_log_head')),
    sa.UniqueConstraint('origin', name=op.f('uq_log_head_origin'))
    )
    op.create_table('request',
    sa.Column('client', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('body_digest', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('client', 'key', name=op.f('pk_request'))
    )
    op.create_index(op.f('ix_request_expires_at'), 'request', ['expires_at'], unique=False)
    op.create_table('service_item',
    sa.Column('item_code', sa.String(length=33), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('definition', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('item_code', name=op.f('pk_service_item'))
    )
    op.create_table('status_list',
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_status_list'))
    )
    op.create_table('api_client',
    sa.Column('key_id', sa.String(length=64), nullable=False),
    sa.Column('department', sa.String(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('roles', sa.String(length=200), nullable=False),
    sa.Column('environment', sa.String(length=10), nullable=False),
    sa.Column('secret_digest', sa.LargeBinary(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['department'], ['department.uscc'], name=op.f('fk_api_client_department')),
    sa.PrimaryKeyConstraint('key_id', name=op.f('pk_api_client'))
    )
    op.create_index(op.f('ix_api_client_department'), 'api_client', ['department'], unique=False)
    op.create_table('batch',
    sa.Column('batch_id', sa.String(length=32), nullable=False),
    sa.Column('issuer', sa.String(length=18), nullable=False),
    sa.Column('type_code', sa.String(length=21), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_cancelled', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['issuer'], ['department.uscc'], name=op.f('fk_batch_issuer')),
    sa.PrimaryKeyConstraint('batch_id', name=op.f('pk_batch'))
    )
    op.create_index('ix_batch_issuer', 'batch', ['issuer', 'created_at'], unique=False)
    op.create_table('draft',
    sa.Column('draft_id', sa.String(length=32), nullable=False),
    sa.Column('type_code', sa.String(length=21), nullable=False),
    sa.Column('issuer', sa.String(length=18), nullable=False),
    sa.Column('holder_name', sa.String(length=200), nullable=False),
    sa.Column('holder_kind', sa.String(length=12), nullable=False),
    sa.Column('holder_code', sa.String(length=64), nullable=False),
    sa.Column('holder_code_type', sa.String(length=3), nullable=False),
    sa.Column('fields', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('item_code', sa.String(length=33), nullable=False),
    sa.Column('given_number', sa.String(length=200), nullable=True),
    sa.Column('photo', sa.LargeBinary(), nullable=True),
    sa.Column('papers_due', sa.Date(), nullable=True),
    sa.Column('replaces', sa.String(length=16), nullable=True),
    sa.Column('change_kind', sa.String(length=12), nullable=False),
    sa.Column('batch_key', sa.String(length=120), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('changed_by', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_by', sa.String(length=64), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=200), nullable=True),
    sa.Column('lineage', sa.String(length=32), nullable=True),
    sa.Column('lineage_version', sa.Integer(), nullable=True),
    sa.Column('type_version', sa.Integer(), nullable=True),
    sa.Column('licence_id', sa.String(length=16), nullable=True),
    sa.ForeignKeyConstraint(['issuer'], ['department.uscc'], name=op.f('fk_draft_issuer')),
    sa.PrimaryKeyConstraint('draft_id', name=op.f('pk_draft'))
    )
    op.create_index('ix_draft_issuer_state', 'draft', ['issuer', 'state', 'created_at', 'draft_id'], unique=False)
    op.create_index('uq_draft_batch_key', 'draft', ['batch_key'], unique=True, sqlite_where=sa.text('batch_key IS NOT NULL'), postgresql_where=sa.text('batch_key IS NOT NULL'))
    op.create_table('intent',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('leaf_index', sa.BigInteger(), nullable=False),
    sa.Column('licence_id', sa.String(length=16), nullable=False),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('worker', sa.String(length=120), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_intent_log')),
    sa.PrimaryKeyConstraint('log', 'leaf_index', name=op.f('pk_intent'))
    )
    op.create_index(op.f('ix_intent_licence_id'), 'intent', ['licence_id'], unique=False)
    op.create_index('ix_intent_open', 'intent', ['lease_until'], unique=False, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
    op.create_table('licence_number',
    sa.Column('issuer', sa.String(length=18), nullable=False),
    sa.Column('type_code', sa.String(length=21), nullable=False),
    sa.Column('number', sa.String(length=200), nullable=False),
    sa.Column('lineage', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['lineage'], ['lineage.lineage'], name=op.f('fk_licence_number_lineage')),
    sa.PrimaryKeyConstraint('issuer', 'type_code', 'number', name=op.f('pk_licence_number'))
    )
    op.create_table('log_entry',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('idx', sa.BigInteger(), nullable=False),
    sa.Column('entry', sa.LargeBinary(), nullable=False),
    sa.Column('leaf_hash', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_log_entry_log')),
    sa.PrimaryKeyConstraint('log', 'idx', name=op.f('pk_log_entry'))
    )
    op.create_index('ix_log_entry_digest', 'log_entry', ['digest'], unique=False)
    op.create_table('log_node',
    sa.Column('log', sa.Integer(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('idx', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['log'], ['log_head.log'], name=op.f('fk_log_node_log')),
    sa.PrimaryKeyConstraint('log', 'level', 'idx', name=op.f('pk_log_node'))
    )
    op.create_table('person',
    sa.Column('person_id', sa.String(length=64), nullable=False),
    sa.Column('department', sa.String(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('roles', sa.String(length=200), nullable=False),
    sa.Column('secret_digest', sa.LargeBinary(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['department'], ['department.uscc'], name=op.f('fk_person_department')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_person'))
    )
    op.create_index(op.f('ix_person_department'), 'person', ['department'], unique=False)
    op.create_table('chunk',
    sa.Column('batch_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('worker', sa.String(length=120), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.batch_id'], name=op.f('fk_chunk_batch_id')),
    sa.PrimaryKeyConstraint('batch_id', 'number', name=op.f('pk_chunk'))
    )
    op.create_index('ix_chunk_open', 'chunk', ['lease_until'], unique=False, sqlite_where=sa.text("state <> 'done'"), postgresql_where=sa.text("state <> 'done'"))
    op.create_table('place',
    sa.Column('licence_id', sa.String(length=16), nullable=False),
    sa.Column('draft_id', sa.String(length=32), nullable=False),
    sa.Column('status_list', sa.Integer(), nullable=False),
    sa.Column('status_index', sa.Integer(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('reserved_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['draft_id'], ['draft.draft_id'], name=op.f('fk_place_draft_id')),
    sa.ForeignKeyConstraint(['status_list'], ['status_list.number'], name=op.f('fk_place_status_list')),
    sa.PrimaryKeyConstraint('licence_id', name=op.f('pk_place'))
    )
    op.create_index(op.f('ix_place_draft_id'), 'place', ['draft_id'], unique=False)
    op.create_index('ix_place_status', 'place', ['status_list', 'status'], unique=False, sqlite_where=sa.text('status > 0'), postgresql_where=sa.text('status > 0'))
    op.create_index('uq_place_status_list_status_index', 'place', ['status_list', 'status_index'], unique=True)
    op.create_table('sheet_row',
    sa.Column('batch_id', sa.String(length=32), nullable=False),
    sa.Column('row', sa.Integer(), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=True),
    sa.Column('content_digest', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('draft_id', sa.String(length=32), nullable=True),
    sa.Column('licence_id', sa.String(length=16), nullable=True),
    sa.Column('problems', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.batch_id'], name=op.f('fk_sheet_row_batch_id')),
    sa.ForeignKeyConstraint(['draft_id'], ['draft.draft_id'], name=op.f('fk_sheet_row_draft_id')),
    sa.PrimaryKeyConstraint('batch_id', 'row', name=op.f('pk_sheet_row'))
    )
    op.create_index('ix_sheet_row_chunk', 'sheet_row', ['batch_id', 'chunk', 'row'], unique=False)
    op.create_table('licence',
    sa.Column('licence_id', sa.String(length=16), nullable=False),
    sa.Column('draft_id', sa.String(length=32), nullable=False),
    sa.Column('identifier', sa.String(length=128), nullable=False),
    sa.Column('lineage', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('type_code', sa.String(length=21), nullable=False),
    sa.Column('type_version', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=200), nullable=False),
    sa.Column('issuer', sa.String(length=18), nullable=False),
    sa.Column('holder_name', sa.String(length=200), nullable=False),
    sa.Column('holder_kind', sa.String(length=12), nullable=False),
    sa.Column('holder_code', sa.String(length=64), nullable=False),
    sa.Column('holder_code_type', sa.String(length=3), nullable=False),
    sa.Column('item_code', sa.String(length=33), nullable=False),
    sa.Column('change_kind', sa.String(length=12), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('papers_due', sa.Date(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('suspended_until', sa.Date(), nullable=True),
    sa.Column('status_list', sa.Integer(), nullable=False),
    sa.Column('status_index', sa.Integer(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('operator_role', sa.String(length=32), nullable=False),
    sa.Column('token_text', sa.Text(), nullable=False),
    sa.Column('token_kid', sa.LargeBinary(), nullable=False),
    sa.Column('token_digest', sa.LargeBinary(), nullable=False),
    sa.Column('document_digest', sa.String(length=64), nullable=False),
    sa.Column('data_set', sa.LargeBinary(), nullable=False),
    sa.Column('code_leaf', sa.BigInteger(), nullable=False),
    sa.Column('document_leaf', sa.BigInteger(), nullable=False),
    sa.Column('replaces', sa.String(length=16), nullable=True),
    sa.Column('superseded_by', sa.String(length=16), nullable=True),
    sa.Column('etag', sa.Integer(), nullable=False),
    sa.Column('last_event', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['draft_id'], ['draft.draft_id'], name=op.f('fk_licence_draft_id')),
    sa.ForeignKeyConstraint(['issuer'], ['department.uscc'], name=op.f('fk_licence_issuer')),
    sa.ForeignKeyConstraint(['licence_id'], ['place.licence_id'], name=op.f('fk_licence_licence_id')),
    sa.ForeignKeyConstraint(['lineage'], ['lineage.lineage'], name=op.f('fk_licence_lineage')),
    sa.PrimaryKeyConstraint('licence_id', name=op.f('pk_licence')),
    sa.UniqueConstraint('draft_id', name=op.f('uq_licence_draft_id'))
    )
    op.create_index(op.f('ix_licence_holder_code'), 'licence', ['holder_code'], unique=False)
    op.create_index('ix_licence_issuer', 'licence', ['issuer', 'document_leaf'], unique=False)
    op.create_index('ix_licence_issuer_state', 'licence', ['issuer', 'state', 'document_leaf'], unique=False)
    op.create_index('ix_licence_issuer_type', 'licence', ['issuer', 'type_code', 'document_leaf'], unique=False)
    op.create_index(op.f('ix_licence_number'), 'licence', ['number'], unique=False)
    op.create_index('ix_licence_papers_due', 'licence', ['papers_due'], unique=False, sqlite_where=sa.text("papers_due IS NOT NULL AND state = 'in_force'"), postgresql_where=sa.text("papers_due IS NOT NULL AND state = 'in_force'"))
    op.create_index('ix_licence_suspended_until', 'licence', ['suspended_until'], unique=False, sqlite_where=sa.text('suspended_until IS NOT NULL'), postgresql_where=sa.text('suspended_until IS NOT NULL'))
    op.create_index('uq_licence_lineage_version', 'licence', ['lineage', 'version'], unique=True)
    op.create_table('licence_event',
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('licence_id', sa.String(length=16), nullable=False),
    sa.Column('event', sa.String(length=10), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=2000), nullable=False),
    sa.Column('legal_basis', sa.String(length=500), nullable=False),
    sa.Column('reference', sa.String(length=200), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('operator_role', sa.String(length=32), nullable=False),
    sa.Column('record', sa.LargeBinary(), nullable=True),
    sa.Column('leaf_index', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['licence_id'], ['licence.licence_id'], name=op.f('fk_licence_event_licence_id')),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_licence_event'))
    )
    op.create_index(op.f('ix_licence_event_leaf_index'), 'licence_event', ['leaf_index'], unique=False)
    op.create_index(op.f('ix_licence_event_licence_id'), 'licence_event', ['licence_id'], unique=False)
    op.create_table('log_pending',
    sa.Column('pending_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.Integer(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('detail', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['licence_event.event_id'], name=op.f('fk_log_pending_event_id')),
    sa.PrimaryKeyConstraint('pending_id', name=op.f('pk_log_pending')),
    sa.UniqueConstraint('key', name=op.f('uq_log_pending_key'))
    )
    op.create_index(op.f('ix_licence_document_digest'), 'licence', ['document_digest'], unique=False)
    op.create_table('key_use',
    sa.Column('worker', sa.String(length=120), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.Column('logged', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('worker', 'key', 'day', name=op.f('pk_key_use'))
    )
    op.create_table('log_record',
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('record', sa.LargeBinary(), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_log_record'))
    )
    op.create_table('long_term',
    sa.Column('licence_id', sa.String(length=16), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('document_digest', sa.String(length=64), nullable=False),
    sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['licence_id'], ['licence.licence_id'], name=op.f('fk_long_term_licence_id')),
    sa.PrimaryKeyConstraint('licence_id', 'number', name=op.f('pk_long_term'))
    )
    op.create_index(op.f('ix_long_term_document_digest'), 'long_term', ['document_digest'], unique=False)
    op.create_table('batch_sheet',
    sa.Column('batch_id', sa.String(length=32), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('stored_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.batch_id'], name=op.f('fk_batch_sheet_batch_id')),
    sa.PrimaryKeyConstraint('batch_id', name=op.f('pk_batch_sheet'))
    )
    op.create_index(op.f('ix_batch_sheet_stored_at'), 'batch_sheet', ['stored_at'], unique=False)

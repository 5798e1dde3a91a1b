"""Verification receipts of relying offices, recalls, and the webhooks that tell of them"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('verification_receipt',
    sa.Column('receipt_id', sa.String(length=32), nullable=False),
    sa.Column('licence_id', sa.String(length=16), nullable=True),
    sa.Column('office', sa.String(length=18), nullable=False),
    sa.Column('client', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=64), nullable=False),
    sa.Column('item_code', sa.String(length=33), nullable=True),
    sa.Column('legal_basis', sa.String(length=500), nullable=False),
    sa.Column('case_number', sa.String(length=200), nullable=False),
    sa.Column('operator', sa.LargeBinary(), nullable=True),
    sa.Column('verdict', sa.String(length=20), nullable=False),
    sa.Column('in_force', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('delete_after', sa.DateTime(timezone=True), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('leaf', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['office'], ['department.uscc'], name=op.f('fk_verification_receipt_office')),
    sa.PrimaryKeyConstraint('receipt_id', name=op.f('pk_verification_receipt')),
    sa.UniqueConstraint('leaf', name=op.f('uq_verification_receipt_leaf'))
    )
    op.create_index('ix_verification_receipt_delete_after', 'verification_receipt', ['delete_after'], unique=False)
    op.create_index('ix_verification_receipt_licence', 'verification_receipt', ['licence_id', 'in_force'], unique=False)
    op.create_index('ix_verification_receipt_office', 'verification_receipt', ['office', 'leaf'], unique=False)
    op.create_table('recall',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('receipt_id', sa.String(length=32), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('office', sa.String(length=18), nullable=False),
    sa.Column('licence_id', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('recalled_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('was_in_force', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['licence_event.event_id'], name=op.f('fk_recall_event_id')),
    sa.ForeignKeyConstraint(['receipt_id'], ['verification_receipt.receipt_id'], name=op.f('fk_recall_receipt_id')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_recall'))
    )
    op.create_index('ix_recall_office', 'recall', ['office', 'number'], unique=False)
    op.create_index('uq_recall_receipt_event', 'recall', ['receipt_id', 'event_id'], unique=True)
    op.create_table('webhook_target',
    sa.Column('target_id', sa.String(length=32), nullable=False),
    sa.Column('office', sa.String(length=18), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['office'], ['department.uscc'], name=op.f('fk_webhook_target_office')),
    sa.PrimaryKeyConstraint('target_id', name=op.f('pk_webhook_target'))
    )
    op.create_index('uq_webhook_target_address', 'webhook_target', ['office', 'url'], unique=True)
    op.create_table('webhook_delivery',
    sa.Column('message_id', sa.String(length=40), nullable=False),
    sa.Column('target_id', sa.String(length=32), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_status', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['target_id'], ['webhook_target.target_id'], name=op.f('fk_webhook_delivery_target_id')),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_webhook_delivery'))
    )
    op.create_index('ix_webhook_delivery_due', 'webhook_delivery', ['next_at'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('ix_webhook_delivery_target', 'webhook_delivery', ['target_id', 'created_at'], unique=False)


def downgrade() -> None:
    op.drop_table('webhook_delivery')
    op.drop_table('webhook_target')
    op.drop_table('recall')
    op.drop_table('verification_receipt')

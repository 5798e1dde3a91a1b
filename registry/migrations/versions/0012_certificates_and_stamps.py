"""Certificates of calling systems, no secret of systems in service, stamps and deletions of receipts"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('client_certificate',
    sa.Column('key_id', sa.String(length=64), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('known_by', sa.String(length=10), nullable=False),
    sa.Column('subject', sa.String(length=1000), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['key_id'], ['api_client.key_id'], name=op.f('fk_client_certificate_key_id')),
    sa.PrimaryKeyConstraint('key_id', 'digest', name=op.f('pk_client_certificate'))
    )
    op.create_table('receipt_deletion',
    sa.Column('leaf', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('leaf', name=op.f('pk_receipt_deletion'))
    )
    op.add_column('client_token', sa.Column('certificate', sa.LargeBinary(), nullable=True))
    op.add_column('verification_receipt', sa.Column('timestamp', sa.LargeBinary(), nullable=True))
    # A lasting secret is for the sandbox alone; those of systems in service end here.
    op.execute(sa.text("UPDATE api_client SET secret_digest = :none WHERE environment = 'production'").bindparams(
        sa.bindparam('none', b'', sa.LargeBinary())))


def downgrade() -> None:
    op.drop_column('verification_receipt', 'timestamp')
    op.drop_column('client_token', 'certificate')
    op.drop_table('receipt_deletion')
    op.drop_table('client_certificate')

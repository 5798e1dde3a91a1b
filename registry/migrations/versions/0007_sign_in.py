"""Accounts of staff, invitations, second factors, identities at a provider, and sessions"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account',
    sa.Column('person_id', sa.String(length=64), nullable=False),
    sa.Column('password', sa.String(length=200), nullable=True),
    sa.Column('authenticator', sa.LargeBinary(), nullable=True),
    sa.Column('last_step', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.person_id'], name=op.f('fk_account_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_account'))
    )
    op.create_table('recovery_code',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('person_id', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.person_id'], name=op.f('fk_recovery_code_person_id')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_recovery_code'))
    )
    op.create_index('ix_recovery_code_person_id', 'recovery_code', ['person_id'], unique=False)
    op.create_table('invitation',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('person_id', sa.String(length=64), nullable=False),
    sa.Column('made_by', sa.String(length=64), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.person_id'], name=op.f('fk_invitation_person_id')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_invitation'))
    )
    op.create_index('ix_invitation_person_id', 'invitation', ['person_id'], unique=False)
    op.create_table('provider_subject',
    sa.Column('issuer', sa.String(length=300), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('person_id', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.person_id'], name=op.f('fk_provider_subject_person_id')),
    sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('pk_provider_subject'))
    )
    op.create_index('ix_provider_subject_person_id', 'provider_subject', ['person_id'], unique=False)
    op.create_table('provider_visit',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('verifier', sa.String(length=128), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_provider_visit'))
    )
    op.create_index('ix_provider_visit_ends_at', 'provider_visit', ['ends_at'], unique=False)
    op.create_table('staff_session',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('person_id', sa.String(length=64), nullable=False),
    sa.Column('is_whole', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('proved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.person_id'], name=op.f('fk_staff_session_person_id')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_staff_session'))
    )
    op.create_index('ix_staff_session_ends_at', 'staff_session', ['ends_at'], unique=False)
    op.create_index('ix_staff_session_person_id', 'staff_session', ['person_id'], unique=False)


def downgrade() -> None:
    op.drop_table('staff_session')
    op.drop_table('provider_visit')
    op.drop_table('provider_subject')
    op.drop_table('invitation')
    op.drop_table('recovery_code')
    op.drop_table('account')

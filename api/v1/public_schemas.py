"""What everybody gets from version 1: catalogue, log and proofs as JSON. Nothing here is about a person."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from registry.records import Department, FieldDefinition, LicenceType, ServiceItem


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldOut(_Model):
    """One field of a licence type."""

    short_name: str
    name: str
    name_en: str
    kind: str
    required: bool
    max_length: int
    choices: tuple[str, ...]
    help: str
    help_en: str

    @classmethod
    def of(cls, field: FieldDefinition) -> Self:
        """Copy from the record."""
        return cls(
            short_name=field.short_name,
            name=field.name,
            name_en=field.name_en,
            kind=field.kind.value,
            required=field.required,
            max_length=field.max_length,
            choices=field.choices,
            help=field.help,
            help_en=field.help_en,
        )


class LicenceTypeOut(_Model):
    """A licence type in the version that holds today."""

    code: str
    version: int
    in_force_from: date
    name: str
    name_en: str
    holder_kind: str
    level: int
    legal_basis: str
    item_codes: tuple[str, ...]
    validity: str
    validity_years: int | None
    reviewers: int
    offline_hours: int
    official_document: bool
    fields: tuple[FieldOut, ...]

    @classmethod
    def of(cls, licence_type: LicenceType) -> Self:
        """Copy from the record."""
        return cls(
            code=licence_type.code,
            version=licence_type.version,
            in_force_from=licence_type.in_force_from,
            name=licence_type.name,
            name_en=licence_type.name_en,
            holder_kind=licence_type.holder_kind,
            level=licence_type.level,
            legal_basis=licence_type.legal_basis,
            item_codes=licence_type.item_codes,
            validity=licence_type.validity.kind,
            validity_years=licence_type.validity.years,
            reviewers=licence_type.reviewers,
            offline_hours=licence_type.offline_hours,
            official_document=licence_type.official_document,
            fields=tuple(FieldOut.of(each) for each in licence_type.fields),
        )


class LicenceTypeList(_Model):
    """All licence types in force."""

    items: tuple[LicenceTypeOut, ...]


class ServiceItemOut(_Model):
    """A government service item with the elements that are the same at all levels."""

    item_code: str
    name: str
    legal_basis: str
    power_type: str
    scope: str
    materials: tuple[str, ...]
    conditions: str
    process: str
    time_limit_days: int
    form: str
    result: str
    fee_standard: str

    @classmethod
    def of(cls, item: ServiceItem) -> Self:
        """Copy from the record."""
        return cls(
            item_code=item.item_code,
            name=item.name,
            legal_basis=item.legal_basis,
            power_type=item.power_type,
            scope=item.scope,
            materials=item.materials,
            conditions=item.conditions,
            process=item.process,
            time_limit_days=item.time_limit_days,
            form=item.form,
            result=item.result,
            fee_standard=item.fee_standard,
        )


class ServiceItemList(_Model):
    """All government service items."""

    items: tuple[ServiceItemOut, ...]


class DepartmentOut(_Model):
    """An office."""

    uscc: str
    name: str
    name_en: str
    level: int
    parent: str | None
    division: str

    @classmethod
    def of(cls, department: Department) -> Self:
        """Copy from the record."""
        return cls(
            uscc=department.uscc,
            name=department.name,
            name_en=department.name_en,
            level=department.level,
            parent=department.parent,
            division=department.division,
        )


class DepartmentList(_Model):
    """All offices, higher levels first."""

    items: tuple[DepartmentOut, ...]


class EntryOut(_Model):
    """One entry of the signing log: its CBOR and leaf hash, both in base64."""

    index: int
    entry: str
    leaf_hash: str


class EntryPage(_Model):
    """Entries from an index on, and the size of the log."""

    size: int
    items: tuple[EntryOut, ...]
    next: str | None


class ConsistencyOut(_Model):
    """That the log of now grew out of an older one: hashes in base64 (RFC 9162, 2.1.4), and the checkpoint of now."""

    old_size: int
    size: int
    path: tuple[str, ...]
    checkpoint: str


class ProblemOut(_Model):
    """What an error's code means, in both languages."""

    code: str
    status: int
    title_zh: str
    title_en: str
    detail_zh: str
    detail_en: str


class HealthPartOut(_Model):
    """How one part stands; `code` and `detail` are empty where nothing is wrong."""

    part: Literal["registry", "disk", "keys", "log", "witnesses", "client_certificates"]
    result: Literal["passed", "failed", "unknown"]
    code: str
    detail: str


class HealthOut(_Model):
    """Whether this process can answer, and what an operator must look at meanwhile."""

    status: Literal["ok", "degraded"]
    parts: tuple[HealthPartOut, ...]

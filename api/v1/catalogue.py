"""The catalogue: licence types, service items and offices, as everybody may read them."""

from typing import Final

from fastapi import Response

from api.errors import UnknownTypeError
from api.guard import TheOffice
from api.v1.answers import both, router
from api.v1.public_schemas import (
    DepartmentList,
    DepartmentOut,
    LicenceTypeList,
    LicenceTypeOut,
    ServiceItemList,
    ServiceItemOut,
)
from registry import catalogue as records
from registry import departments
from registry.db import reading
from verify.licence import ISSUER_ZONE

catalogue: Final = router("catalogue")
# A catalogue changes a few times a year, and a new version says from which day on it holds.
_CACHE: Final = "public, max-age=300"


@catalogue.get("/licence-types", summary=both("列出证照类型", "List the licence types"))
def list_licence_types(office: TheOffice, response: Response) -> LicenceTypeList:
    """Each in the version that holds today."""
    response.headers["Cache-Control"] = _CACHE
    with reading(office.database) as tx:
        types = records.all_types(tx, on=office.clock().astimezone(ISSUER_ZONE).date())
    return LicenceTypeList(items=tuple(LicenceTypeOut.of(each) for each in types))


@catalogue.get("/licence-types/{code}", summary=both("读取证照类型", "Read a licence type"))
def get_licence_type(code: str, office: TheOffice, response: Response) -> LicenceTypeOut:
    """Read one type in the version that holds today, with its fields."""
    response.headers["Cache-Control"] = _CACHE
    with reading(office.database) as tx:
        found = records.find_type(tx, code, on=office.clock().astimezone(ISSUER_ZONE).date())
    if found is None:
        raise UnknownTypeError
    return LicenceTypeOut.of(found)


@catalogue.get("/service-items", summary=both("列出政务服务事项", "List the government service items"))
def list_service_items(office: TheOffice, response: Response) -> ServiceItemList:
    """All items by code."""
    response.headers["Cache-Control"] = _CACHE
    with reading(office.database) as tx:
        return ServiceItemList(items=tuple(ServiceItemOut.of(each) for each in records.all_items(tx)))


@catalogue.get("/departments", summary=both("列出部门", "List the departments"))
def list_departments(office: TheOffice, response: Response) -> DepartmentList:
    """All offices, higher levels first."""
    response.headers["Cache-Control"] = _CACHE
    with reading(office.database) as tx:
        return DepartmentList(items=tuple(DepartmentOut.of(each) for each in departments.all_departments(tx)))

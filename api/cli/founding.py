"""`init`: found a deployment, and the steps of it that the demonstration takes too.

Promises:
  * A deployment is founded once; an interrupted founding goes on where it stopped when it is asked for again.
  * The passphrase is drawn here, written into a file that only its owner can read, and never shown.
  * The secret of the first calling system is shown once and kept nowhere.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.contents import HELP
from api.cli.errors import DeploymentExistsError, NoSuchNameError
from api.cli.files import read_file, write_secret
from api.cli.office import bearer_text
from api.cli.people import first_people
from api.cli.program import app, session_of
from api.clock import clock, random
from api.settings import KEPT, Settings, keep_settings, read_settings
from api.wiring import build, desk_settings, open_registry
from keys.ceremony import Persons
from keys.key_files import KeyCipher
from keys.passphrases import draw_passphrase
from registry import artefacts, catalogue, departments, people
from registry.catalogue import CATALOGUE_BYTES_MAX
from registry.db import Database, Transaction, reading, transaction
from registry.records import ApiClient, Department, Person, Role
from registry.schema import upgrade
from signer import founding
from signer.public_lists import TRUST_LIST, TRUST_LIST_NAME
from signer.seal_founding import SealPeople, found_seals
from verify.algorithms import Algorithm

FIRST_CLIENT: Final = "sandbox-1"
# The two persons of the first ceremonies.
FIRST_ADMINISTRATORS: Final = ("administrator-1", "administrator-2")
# An item code begins with the credit code of the office that decides.
USCC_LENGTH: Final = 18
_KEPT_SETTINGS: Final = ("public_address", "log_origin", "test", "language", "key_cipher")


class CodeAlgorithm(StrEnum):
    """What may sign the QR codes, as it is typed."""

    ES256 = "es256"
    SM2 = "sm2"

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm itself."""
        return Algorithm[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """A deployment that begins: the offices that issue, the first people, and the first system's header (once)."""

    settings: Settings
    offices: tuple[Department, ...]
    people: tuple[Person, ...]
    bearer: str


@app.command(help=HELP["init"])
def init(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    address: Annotated[
        str | None,
        typer.Option(metavar="URL", help="公众访问的地址，印在每个二维码里。 Address printed in every code."),
    ] = None,
    catalogue_file: Annotated[
        Path | None,
        typer.Option(
            "--catalogue",
            metavar="FILE",
            help="证照目录（TOML），缺省为样例。 Catalogue (TOML); the sample when left out.",
        ),
    ] = None,
    log_origin: Annotated[
        str | None, typer.Option(metavar="NAME", help="签发日志的名称，终身不变。 Name of the log, for good.")
    ] = None,
    operator: Annotated[
        str | None, typer.Option(metavar="CODE", help="运行本系统的部门代码。 Department that runs the deployment.")
    ] = None,
    codes: Annotated[
        CodeAlgorithm,
        typer.Option(help="二维码的签名算法；sm2 为国密。 What signs the codes; sm2 is the national algorithm."),
    ] = CodeAlgorithm.ES256,
    test: Annotated[bool, typer.Option("--test", help="页面标明“测试”。 Pages are marked as a test.")] = False,
) -> None:
    """Found a deployment in the data folder."""
    session = session_of(context)
    given: dict[str, object] = {
        name: value
        for name, value in (
            ("data", session.data), ("public_address", address), ("log_origin", log_origin), ("test", test or None)
        )
        if value is not None
    }  # fmt: skip
    settings = read_settings(**given)
    content = catalogue.SAMPLE.read_bytes() if catalogue_file is None else None
    if catalogue_file is not None:
        content = read_file(catalogue_file, bytes_max=CATALOGUE_BYTES_MAX)
    founded = found_deployment(settings, content or b"", operator=operator, codes=codes.algorithm)
    staff = "\n".join(f"  {each.person_id}  {each.name}  {' '.join(sorted(each.roles))}" for each in founded.people)
    session.screen.result(
        {
            "data": str(settings.data),
            "address": settings.public_address,
            "people": [each.person_id for each in founded.people],
            "client": FIRST_CLIENT,
            "bearer": founded.bearer,
        },
        session.screen.say(
            f"已建立：{settings.data}（口令文件 {settings.passphrase_path}，请另存备份）\n首批人员：\n{staff}\n"
            f"首个接口账号（密钥只显示这一次）：\nAuthorization: Bearer {founded.bearer}",
            f"Founded in {settings.data} (passphrase in {settings.passphrase_path}; keep a copy elsewhere)\n"
            f"First people:\n{staff}\nFirst calling system (its secret is shown this once):\n"
            f"Authorization: Bearer {founded.bearer}",
        ),
    )


def found_deployment(
    settings: Settings,
    catalogue_content: bytes,
    *,
    operator: str | None = None,
    codes: Algorithm = Algorithm.ES256,
) -> Founded:
    """Found a deployment; `operator` is the department that runs it, the first issuing one when None.

    1. Refuse a folder that has one. 2. Draw the passphrase. 3. Make the tables, load the catalogue. 4. Make keys,
    certificates, log, trust list. 5. Add the first people and the first system. 6. Make each office's first seal.
    7. Keep the settings: all is done.

    Done again after an interruption it goes on where it stopped.
    """
    _demand_new(settings)  # (1)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.data / ".gitignore").write_text("*\n", encoding="utf-8")  # keys and passphrase belong into no repository
    if not settings.passphrase_path.exists():  # (2)
        write_secret(settings.passphrase_path, draw_passphrase(random) + b"\n")
    database = open_registry(settings)
    try:
        upgrade(database)  # (3)
        with transaction(database) as tx:
            if not departments.all_departments(tx):
                catalogue.load_catalogue(tx, catalogue_content)
            offices = issuing_offices(tx)
            names = {each.uscc for each in departments.all_departments(tx)}
        if not offices or (operator is not None and operator not in names):
            raise NoSuchNameError(params={"name": operator or "item_codes"})
        _make_keys(settings, database, operator or offices[0].uscc, codes)  # (4)
        staff, bearer = _first_callers(database, offices)  # (5)
    finally:
        database.close()
    _make_seals(settings)  # (6)
    keep_settings(settings, [name for name in _KEPT_SETTINGS if getattr(settings, name) is not None])  # (7)
    return Founded(settings=settings, offices=offices, people=staff, bearer=bearer)


def issuing_offices(tx: Transaction) -> tuple[Department, ...]:
    """Return the departments in whose name something can be issued: those that the types' item codes begin with."""
    codes = {code[:USCC_LENGTH] for each in catalogue.all_types(tx) for code in each.item_codes}
    return tuple(each for each in departments.all_departments(tx) if each.uscc in codes)


def _demand_new(settings: Settings) -> None:
    if (settings.data / KEPT).exists():
        raise DeploymentExistsError(params={"name": str(settings.data)})


def _make_keys(settings: Settings, database: Database, operator: str, codes: Algorithm) -> None:
    """Make keys, certificates, log and lists, or finish what an interrupted founding began."""
    foundation = founding.Foundation(
        database=database,
        folder=settings.keys_folder,
        passphrase=settings.passphrase(),
        origin=settings.origin,
        settings=desk_settings(settings),
        operator=operator,
        persons=Persons(first=FIRST_ADMINISTRATORS[0], second=FIRST_ADMINISTRATORS[1]),
        clock=clock,
        random=random,
        code_algorithm=codes,
        cipher=KeyCipher(settings.key_cipher),
    )
    with reading(database) as tx:
        is_founded = artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME) is not None
    if not is_founded:
        founding.found(foundation, at=clock())


def _make_seals(settings: Settings) -> None:
    """Let each office that issues have a filed seal and the usual grant, in the names of its first people."""
    office = build(settings)
    try:
        found_seals(office.desk, office.key_desk, _seal_people, at=office.clock())
    finally:
        office.close()


def _seal_people(department: Department) -> SealPeople:
    return SealPeople(custodian=f"custodian-{department.uscc}", approver=f"approver-{department.uscc}")


def _first_callers(database: Database, offices: tuple[Department, ...]) -> tuple[tuple[Person, ...], str]:
    """Add the first people of each office, two administrators, an auditor, a system; return them and its header."""
    first = offices[0].uscc
    others = (
        (FIRST_ADMINISTRATORS[0], "管理员甲", Role.ADMINISTRATOR),
        (FIRST_ADMINISTRATORS[1], "管理员乙", Role.ADMINISTRATOR),
        ("auditor-1", "审计员", Role.AUDITOR),
    )
    staff = [person for office in offices for person in first_people(office.uscc, office.name)]
    staff += [
        Person(person_id=person_id, department=first, name=name, roles=frozenset({role}))
        for person_id, name, role in others
    ]
    system = ApiClient(
        key_id=FIRST_CLIENT,
        department=first,
        roles=frozenset({Role.ISSUING_OFFICER, Role.COUNTER}),
        environment="sandbox",
        name="first system",
    )
    with transaction(database) as tx:
        for person in staff:
            if people.find_person(tx, person.person_id) is None:
                people.add_person(tx, person)
        secret = people.add_client(tx, system, random=random)
    return tuple(staff), bearer_text(FIRST_CLIENT, secret)

"""Settings of one deployment, from the environment (`api/environment.py`) and the file that `init` writes.

Every setting is an environment variable with the prefix YINZHENG_; the description of each field is its documentation.
What `init` was told stands in `settings.toml` of the data folder, below the environment.
A setting that is wrong stops the start with a sentence that names it; unknown variables with the prefix do too, for a
misspelt setting must not be silently without effect.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import ClassVar, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.environment import DEFAULT_DATA, ENVIRONMENT, PREFIX, Language
from verify.errors import YinzhengError

KEPT: Final = "settings.toml"
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
# A secret shorter than this is guessed; the one that `init` draws has 43 characters.
PASSPHRASE_BYTES_MIN: Final = 12
PASSPHRASE_BYTES_MAX: Final = 1024
# What is said of a setting whose value is of another kind than it must be.
_CAUSES: Final = {
    "PUBLIC_ADDRESS": "address",
    "LANGUAGE": "language",
    "TIMESTAMP_URL": "timestamps",
    "OIDC_ISSUER": "provider",
    "TLS_CERTIFICATE": "tls",
    "TLS_CLIENT_PROXIES": "proxies",
    **dict.fromkeys(("LISTEN_PORT", "RATE_ANONYMOUS", "RATE_CLIENT", "STATUS_DAYS"), "number"),
}
# Variables of the test run and of the programs that start us, which are no settings.
_FOREIGN: Final = re.compile(r"YINZHENG_(TESTS|BENCH)_")


class SettingsError(YinzhengError):
    """A setting is wrong or missing; the sentence names the variable, never its value."""

    code: ClassVar[str] = "settings.wrong"


class Settings(BaseModel):
    """What an office sets. Paths that are not absolute are taken from the working directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(
        default=Path(DEFAULT_DATA),
        description="Folder of this deployment: registry (SQLite), documents, keys, fonts, published files.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… in service; empty means SQLite in the data folder. May hold a password.",
    )
    public_address: str = Field(
        default="http://127.0.0.1:8000",
        description="Address that the public reaches, https or http on loopback; its host is printed in every QR code.",
    )
    log_origin: str | None = Field(
        default=None,
        description="Name of the signing log, for good; empty means the public host followed by /log.",
    )
    passphrase_file: Path | None = Field(
        default=None,
        description="File with the passphrase of the key files; empty means `passphrase` in the data folder.",
    )
    test: bool = Field(
        default=False,
        description="Marks every page as a test without legal effect; certificates say OU=TEST.",
    )
    language: Language = Field(
        default="zh",
        description="Language of the command line and of pages for who asks for none: zh or en.",
    )
    listen_host: str = Field(
        default="127.0.0.1",
        description="Where `serve` listens: loopback behind a proxy; with `--tls` the machine's address, or 0.0.0.0.",
    )
    listen_port: int = Field(default=8000, ge=1, le=65535, description="Port of `serve`.")
    timestamp_url: str | None = Field(
        default=None,
        description="RFC 3161 service of an outside authority; empty means the deployment's own time stamps.",
    )
    timestamp_roots: Path | None = Field(
        default=None,
        description="PEM file with the root certificates of that authority; then `yinzheng keys publish`.",
    )
    receipt_timestamps: bool = Field(
        default=False,
        description="Every verification receipt gets a time stamp, also where its office asks for none.",
    )
    rate_anonymous: int = Field(
        default=20, ge=0, le=100_000, description="Requests a second from one address without a key; 0 means no limit."
    )
    rate_client: int = Field(
        default=100, ge=0, le=100_000, description="Requests a second of one API client; 0 means no limit."
    )
    status_days: int = Field(
        default=7, ge=1, le=30, description="How many days a published status list says that it may be used."
    )
    key_cipher: Literal["aes", "sm4"] = Field(
        default="aes",
        description="What encrypts new key files: aes, or sm4 where national rules ask for it.",
    )

    publish_to: str | None = Field(
        default=None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,62}(/[A-Za-z0-9._-]{1,60}){0,4}/?$",
        description="Where published files go: s3://bucket/prefix; empty means `published` in the data folder.",
    )
    publish_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@]{1,200}/?$",
        description="Address of that storage when it is not Amazon's: https://storage.example.gov.cn. It must heed"
        " If-None-Match and If-Match, which is tried at the start and by `doctor`.",
    )
    publish_region: str = Field(default="us-east-1", max_length=40, description="Region of that storage.")
    publish_credential_file: Path | None = Field(
        default=None,
        description="File (mode 0600) with two lines: the id and the secret of the storage's access key.",
    )

    witnesses: Path | None = Field(
        default=None,
        description="File with the log's witnesses and their quorum (C2SP tlog-policy); then `yinzheng keys publish`.",
    )

    oidc_issuer: str | None = Field(
        default=None,
        description="Issuer of the office's identity provider (OpenID Connect); empty means local accounts alone.",
    )
    oidc_client_id: str | None = Field(default=None, max_length=200, description="Our client id at that provider.")
    oidc_credential_file: Path | None = Field(
        default=None, description="File (mode 0600) with our client secret at that provider."
    )

    tls_certificate: Path | None = Field(
        default=None,
        description="PEM file with the certificate that `serve` shows, its own first; empty means http, or `--tls`.",
    )
    tls_key: Path | None = Field(default=None, description="PEM file (mode 0600) with the private key of that one.")
    tls_client_ca: Path | None = Field(
        default=None,
        description="PEM file with the authorities whose certificates calling systems may show; empty means none.",
    )
    outgoing_authorities: Path | None = Field(
        default=None,
        description="PEM file with authorities that are believed beside the public ones when we call others "
        "(webhooks, sign-in provider, time stamps, witnesses); on an intranet the office's own.",
    )
    tls_client_crl: Path | None = Field(
        default=None,
        description="File (PEM or DER) with revocation lists of these authorities, read anew when it changes.",
    )
    tls_client_proxies: str = Field(
        default="",
        max_length=1000,
        description="Addresses of proxies whose header `Client-Cert` is believed, commas between; empty means none.",
    )

    @field_validator("public_address")
    @classmethod
    def _check_public_address(cls, value: str) -> str:
        parts = urlsplit(value)
        is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if (
            (parts.scheme != "https" and not is_local)
            or not _HOST.fullmatch(parts.netloc)
            or parts.path not in {"", "/"}
        ):
            raise ValueError("an address such as https://licences.example.gov.cn, in small letters, without a path")
        return value.rstrip("/")

    @field_validator("timestamp_url")
    @classmethod
    def _check_timestamp_url(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("an http or https address")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _check_oidc_issuer(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if value is not None and (not (parts.scheme == "https" or is_local) or parts.query or parts.fragment):
            raise ValueError("an https address, or http on loopback")
        return value

    @field_validator("tls_client_proxies")
    @classmethod
    def _check_tls_client_proxies(cls, value: str) -> str:
        for each in value.split(",") if value else ():
            ip_network(each.strip())  # raises ValueError
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if len({each is None for each in (self.oidc_issuer, self.oidc_client_id, self.oidc_credential_file)}) > 1:
            raise PydanticCustomError("oidc", "oidc_issuer, oidc_client_id and oidc_credential_file go together")
        if (self.publish_to is None) != (self.publish_credential_file is None):
            raise PydanticCustomError("storage", "publish_to and publish_credential_file go together")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise PydanticCustomError("tls", "tls_certificate and tls_key go together")
        if (self.timestamp_url is None) != (self.timestamp_roots is None):
            raise ValueError("timestamp_url and timestamp_roots go together")
        return self

    @property
    def host(self) -> str:
        """The host, with its port if it has one, that QR codes carry."""
        return urlsplit(self.public_address).netloc

    @property
    def origin(self) -> str:
        """The signing log's name."""
        return self.log_origin or f"{self.host}/log"

    @property
    def database(self) -> str:
        """The URL of the database; may hold a password, so it is never shown."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data / 'registry.db'}"

    @property
    def is_postgresql(self) -> bool:
        """Say whether the registry is a PostgreSQL database, and chunks may go to other machines."""
        return self.database_url is not None and self.database_url.get_secret_value().startswith("postgresql")

    @property
    def keys_folder(self) -> Path:
        """The folder of the key files."""
        return self.data / "keys"

    @property
    def vault_folder(self) -> Path:
        """The folder of the signed documents."""
        return self.data / "documents"

    @property
    def fonts_folder(self) -> Path:
        """The folder of the fonts that the office added."""
        return self.data / "fonts"

    @property
    def templates_folder(self) -> Path:
        """The folder of the licence templates that the office added or changed."""
        return self.data / "templates"

    @property
    def published_folder(self) -> Path:
        """The folder of the public files: trust list, status lists, log tiles, checkpoint."""
        return self.data / "published"

    @property
    def passphrase_path(self) -> Path:
        """The file with the passphrase of the key files."""
        return self.passphrase_file or self.data / "passphrase"

    def storage_key(self) -> tuple[str, str]:
        """Read id and secret of the storage's access key. Raises `SettingsError` when the file is absent or open."""
        name, path = f"{PREFIX}PUBLISH_CREDENTIAL_FILE", self.publish_credential_file or self.data / "storage-key"
        try:
            is_open = path.stat().st_mode & 0o077 != 0
            lines = path.read_text(encoding="ascii").split()
        except (OSError, ValueError) as error:
            raise _wrong(name, "unreadable") from error
        if is_open:
            raise _wrong(name, "open")
        if len(lines) != 2:
            raise _wrong(name, "length")
        return lines[0], lines[1]

    def oidc_secret(self) -> str:
        """Read our secret at the identity provider. Raises `SettingsError` when the file is absent or open."""
        path = self.oidc_credential_file or self.data / "oidc-secret"
        try:
            is_open = path.stat().st_mode & 0o077 != 0
            secret = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise _wrong(f"{PREFIX}OIDC_CREDENTIAL_FILE", "unreadable") from error
        if is_open:
            raise _wrong(f"{PREFIX}OIDC_CREDENTIAL_FILE", "open")
        return secret

    def passphrase(self) -> bytes:
        """Read the passphrase. Raises `SettingsError` when the file is absent, open to others, or of a wrong length."""
        path = self.passphrase_path
        try:
            is_open = path.stat().st_mode & 0o077 != 0
            content = path.read_bytes()[: PASSPHRASE_BYTES_MAX + 2].rstrip(b"\r\n")
        except OSError as error:
            raise _wrong(f"{PREFIX}PASSPHRASE_FILE", "unreadable") from error
        if is_open:
            raise _wrong(f"{PREFIX}PASSPHRASE_FILE", "open")
        if not PASSPHRASE_BYTES_MIN <= len(content) <= PASSPHRASE_BYTES_MAX:
            raise _wrong(f"{PREFIX}PASSPHRASE_FILE", "length")
        return content


def read_settings(**given: object) -> Settings:
    """Read the settings: what is `given`, then the environment, then `settings.toml` of the data folder, then defaults.

    Raises `SettingsError`.
    """
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    environment = {name.upper(): value for name, value in ENVIRONMENT.items() if name.upper().startswith(PREFIX)}
    for name in sorted(environment):
        if not _FOREIGN.match(name) and name not in known:
            raise _wrong(name[:60], "unknown")
    # A variable that is set to nothing is not set.
    present = {known[name]: value for name, value in environment.items() if value and name in known}
    data = Path(str(given.get("data") or present.get("data") or DEFAULT_DATA))
    try:
        return Settings.model_validate(_kept_settings(data) | present | given)
    except ValidationError as error:
        first = error.errors()[0]
        together = {"oidc": "OIDC_ISSUER", "tls": "TLS_CERTIFICATE", "storage": "PUBLISH_TO"}.get(
            first["type"], "TIMESTAMP_URL"
        )
        name = PREFIX + (str(first["loc"][0]).upper() if first["loc"] else together)
        raise _wrong(name, _CAUSES.get(name.removeprefix(PREFIX), "value")) from None  # the cause repeats the value


def with_settings(settings: Settings, given: Mapping[str, object]) -> Settings:
    """Return the settings with some that a command was given. Raises `SettingsError`."""
    return read_settings(**(settings.model_dump(exclude_unset=True) | dict(given))) if given else settings


def _wrong(name: str, cause: str) -> SettingsError:
    """Return the error for a setting; the cause is a word of ours that says what to do, never the value."""
    return SettingsError(f"{name}: {cause}", params={"name": name, "cause": cause})


def keep_settings(settings: Settings, names: Sequence[str]) -> None:
    """Write these settings into `settings.toml` of the data folder, so that every command finds the same deployment."""
    lines = []
    for name in names:
        value = getattr(settings, name)
        text = json.dumps(value if isinstance(value, (bool, int)) else str(value), ensure_ascii=False)
        lines.append(f"{name} = {text}\n")
    (settings.data / KEPT).write_text("".join(lines), encoding="utf-8")


def _kept_settings(data: Path) -> dict[str, object]:
    try:
        return tomllib.loads((data / KEPT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _wrong(KEPT, "unreadable") from error

"""Settings: where they come from, and what stops the start."""

from pathlib import Path

import pytest

from api.environment import PREFIX, environment_language, is_data_chosen, wants_no_colour
from api.settings import Settings, SettingsError, keep_settings, read_settings
from api.texts import sentence


@pytest.fixture(autouse=True)
def _no_settings_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without settings of ours, and a working directory without a deployment."""
    for name in (
        *(PREFIX + each.upper() for each in Settings.model_fields),
        "LC_ALL",
        "LC_MESSAGES",
        "LANG",
        "NO_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_a_deployment_lies_in_the_working_directory() -> None:
    settings = read_settings()

    assert settings.data == Path("yinzheng-data")
    assert settings.database == "sqlite:///yinzheng-data/registry.db"
    assert not settings.is_postgresql
    assert settings.origin == "127.0.0.1:8000/log"
    assert settings.templates_folder == settings.data / "templates"


def test_what_is_given_comes_before_the_environment_and_that_before_what_was_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = Settings(data=tmp_path, public_address="https://kept.example", language="en", rate_client=7)
    keep_settings(kept, ["public_address", "language", "rate_client", "test"])
    monkeypatch.setenv("YINZHENG_DATA", str(tmp_path))
    monkeypatch.setenv("YINZHENG_PUBLIC_ADDRESS", "https://environment.example")
    monkeypatch.setenv("YINZHENG_RATE_CLIENT", "8")

    settings = read_settings(rate_client=9)

    assert (settings.public_address, settings.language) == ("https://environment.example", "en")
    assert (settings.rate_client, settings.test) == (9, False)


CAUSES = {
    "PUBLIC_ADDRESS": ("https://", "https://"),
    "TIMESTAMP_URL": ("http", "http"),
    "LANGUAGE": ("zh 或 en", "zh or en"),
    "KEY_CIPHER": ("docs/settings.md", "docs/settings.md"),
    **dict.fromkeys(("LISTEN_PORT", "RATE_ANONYMOUS", "STATUS_DAYS"), ("整数", "whole number")),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_ADDRESS", "http://licences.example"),
        ("PUBLIC_ADDRESS", "https://licences.example/path"),
        ("PUBLIC_ADDRESS", "https://user@licences.example"),
        ("PUBLIC_ADDRESS", "https://Licences.example"),
        ("TIMESTAMP_URL", "ftp://stamps.example"),
        ("LISTEN_PORT", "0"),
        ("RATE_ANONYMOUS", "-1"),
        ("STATUS_DAYS", "31"),
        ("LANGUAGE", "fr"),
        ("KEY_CIPHER", "des"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert refused.value.params["name"] == PREFIX + name
    told = [sentence(refused.value.code, language, refused.value.params) for language in ("zh", "en")]
    assert all(PREFIX + name in each and CAUSES[name][place] in each for place, each in enumerate(told))
    assert value not in str(refused.value)


def test_a_misspelt_setting_is_not_silently_without_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINZHENG_PUBLIK_ADDRESS", "https://licences.example")

    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert refused.value.params == {"name": "YINZHENG_PUBLIK_ADDRESS", "cause": "unknown"}


def test_a_time_stamp_address_and_its_roots_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINZHENG_TIMESTAMP_URL", "https://stamps.example")

    with pytest.raises(SettingsError):
        read_settings()


def test_a_password_in_the_database_url_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINZHENG_DATABASE_URL", "postgresql://office:secret@db.example/registry")

    settings = read_settings()

    assert settings.is_postgresql
    assert "secret" in settings.database
    assert "secret" not in repr(settings) + str(settings)


def test_a_kept_file_that_is_no_toml_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("no toml")

    with pytest.raises(SettingsError):
        read_settings(data=tmp_path)


def test_a_passphrase_is_read_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere"
    path.write_bytes(b"four words of dice\r\n")
    path.chmod(0o600)

    assert Settings(passphrase_file=path).passphrase() == b"four words of dice"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, None),
        ({"LANG": "de_DE.UTF-8"}, None),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "zh_CN.UTF-8", "YINZHENG_LANGUAGE": "en"}, "en"),
    ],
)
def test_the_language_is_the_first_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert environment_language() == language


def test_colour_and_data_folder_are_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    before = (wants_no_colour(), is_data_chosen())
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("YINZHENG_DATA", "somewhere")

    assert before == (False, False)
    assert (wants_no_colour(), is_data_chosen()) == (True, True)


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name

"""Settings: every wrong value names its variable, and no secret is ever printed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governor.clients.clock import TickingClock
from governor.settings import Settings, SettingsError, describe_settings, load_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GOVERNOR_DATABASE_URL", "mysql://x"),
        ("GOVERNOR_PORT", "65536"),
        ("GOVERNOR_PORT", "x"),
        ("GOVERNOR_WORKERS", "0"),
        ("GOVERNOR_AUTH", "maybe"),
        ("GOVERNOR_BOOTSTRAP_KEY", "gov_short"),
        ("GOVERNOR_DECIDE_DEADLINE_MS", "0"),
        ("GOVERNOR_MAX_POLICY_AGE", "15"),
        ("GOVERNOR_REQUIRE_SIGNED_COMMITS", "no-such-file"),
        ("GOVERNOR_POLICIES_WEBHOOK_SECRET", "whsec_"),
        ("GOVERNOR_POLICIES_WEBHOOK_SECRET", "whsec_ü"),
        ("GOVERNOR_POLICIES_WEBHOOK_SECRET", "whsec_not-base64"),
        ("GOVERNOR_REQUEST_SIZE_MAX", "1 GB"),
        ("GOVERNOR_LOG_LEVEL", "loud"),
        ("GOVERNOR_PUBLIC_URL", "ftp://x"),
        ("GOVERNOR_CLOCK", "noon"),
        ("GOVERNOR_CLOCK", "2026-10-25T00:59:00"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """The first words of the message are what to change."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert caught.value.message.startswith(f"{variable}: ")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("GOVERNOR_AUHT", "did you mean GOVERNOR_AUTH"),
        ("GOVERNOR_DB_URL", "did you mean GOVERNOR_DATABASE_URL"),
        ("GOVERNOR_DATABASEURL", "did you mean GOVERNOR_DATABASE_URL"),
        ("governor_request_max_size", "did you mean GOVERNOR_REQUEST_SIZE_MAX"),
        ("GOVERNOR_", "the settings are GOVERNOR_DATABASE_URL, GOVERNOR_POLICIES, "),
        ("GOVERNOR_SERVICE_HOST", "GOVERNOR_SERVICE_HOST is not a setting"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_right_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    """A setting that is ignored protects nothing, and its value is nobody's business."""
    monkeypatch.setenv(variable, "my-secret-words")
    monkeypatch.setenv("GOVERNOR_PORT", "x")
    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert caught.value.message.startswith(f"{variable.upper()} is not a setting; ")
    assert meant in caught.value.message
    assert "; GOVERNOR_PORT: must be a whole number" in caught.value.message
    assert "my-secret-words" not in caught.value.message


@pytest.mark.parametrize("variable", ["GOVERNOR_KEY", "GOVERNOR_TEST_POSTGRES", "GOVERNOR_BENCH_DATABASE"])
def test_variables_of_commands_tests_and_benchmarks_are_no_slips(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """They stand beside the settings and configure something else."""
    monkeypatch.setenv(variable, "x")

    assert "keys" == load_settings().auth


def test_what_kubernetes_says_of_services_is_no_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service named `governor` or `governor-db` puts these into every container of its namespace."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT_8080_TCP", "PORT_8080_TCP_ADDR", "DB_PORT"):
        monkeypatch.setenv(f"GOVERNOR_{name}", "tcp://10.0.0.2:8080")

    assert 8080 == load_settings().port
    monkeypatch.setenv("GOVERNOR_AUHT", "off")
    with pytest.raises(SettingsError):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GOVERNOR_PORT", "tcp://10.0.0.1:8080", "must be a whole number"),
        ("GOVERNOR_PORT", "65536", "must be 65535 or less"),
        ("GOVERNOR_WORKERS", "0", "must be 1 or more"),
        ("GOVERNOR_AUTH", "maybe", "must be `keys` or `off`"),
        ("GOVERNOR_MAX_POLICY_AGE", "15", "`15` is not a length of time; write it like `15 minutes`"),
    ],
)
def test_a_wrong_value_is_explained_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """Nobody needs to know what checks the settings to understand what to write."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert f"{variable}: {said}" == caught.value.message


def test_a_refused_bootstrap_key_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error about a secret does not contain it."""
    monkeypatch.setenv("GOVERNOR_BOOTSTRAP_KEY", "my-secret-words")
    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert "my-secret-words" not in caught.value.message


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "governor.acme.example"])
def test_open_doors_stay_on_a_loopback_address(host: str) -> None:
    """``AUTH=off`` anywhere else would let the network in."""
    with pytest.raises(SettingsError) as caught:
        load_settings(auth="off", host=host)

    assert "GOVERNOR_AUTH=off is only allowed on a loopback address" in caught.value.message


def test_two_ports_are_two() -> None:
    """Whoever asks for a port apart is not given the same one."""
    with pytest.raises(SettingsError) as caught:
        load_settings(port=9090, open_port=9090)

    assert "GOVERNOR_OPEN_PORT and GOVERNOR_PORT are both 9090" in caught.value.message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_open_doors_are_allowed_at_home(host: str) -> None:
    """On a loopback address there is nobody else."""
    assert "off" == load_settings(auth="off", host=host).auth


def test_a_moved_clock_needs_open_doors() -> None:
    """A clock that is set by hand moves budgets: never where keys matter."""
    with pytest.raises(SettingsError):
        load_settings(clock="2026-10-25T00:59:00Z")

    assert datetime(2026, 10, 25, 0, 59, tzinfo=UTC) == load_settings(auth="off", clock="2026-10-25T00:59:00Z").clock


def test_every_setting_has_unit_default_and_meaning() -> None:
    """What ``governor settings`` prints is complete."""
    rows = describe_settings(load_settings())

    assert len(Settings.model_fields) == len([row for row in rows if row.unit and row.description])


def test_secrets_are_only_said_to_be_set() -> None:
    """Neither the bootstrap key nor the database's password is printed."""
    settings = load_settings(bootstrap_key="gov_" + "s" * 40, database_url="postgresql://u:hush@host/db")
    printed = repr(describe_settings(settings)) + repr(settings.bootstrap_key)

    assert "(set)" in printed
    assert not [word for word in ("s" * 40, "hush") if word in printed]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"max_policy_age": "15 minutes", "request_size_max": "2 MiB", "workers": 3},
        {"auth": "off", "clock": "2026-10-25T00:59:00+02:00"},
        {"bootstrap_key": "gov_" + "s" * 40, "port": 9000},
    ],
)
def test_workers_read_the_same_settings_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    """What a parent hands on reads as what it had."""
    settings = load_settings(**given)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)

    assert settings == load_settings()


def test_a_length_of_time_is_words() -> None:
    """``15 minutes`` and ``1 day`` are lengths."""
    assert [timedelta(minutes=15), timedelta(days=1)] == [
        load_settings(max_policy_age=text).max_policy_age for text in ("15 minutes", "1 day")
    ]


def test_a_ticking_clock_goes_on_from_where_it_was_set() -> None:
    """It starts at its instant and moves with real time."""
    elapsed = [100.0]
    clock = TickingClock(datetime(2026, 10, 25, 0, 59, tzinfo=UTC), lambda: elapsed[0])
    elapsed[0] = 190.0

    assert datetime(2026, 10, 25, 1, 0, 30, tzinfo=UTC) == clock.now()

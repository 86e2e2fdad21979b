"""Settings: who wins, the names of existing installations, and mistakes that are named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, load_settings, parse_duration

ROOT = Path(__file__).parents[3]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_command_line_over_environment_over_file_over_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path, "service.yaml", "port: 1111\nhost: 10.0.0.1\ntext_limit: 77\n")
    monkeypatch.setenv("infer_api_port", "2222")
    monkeypatch.setenv("infer_api_host", "10.0.0.2")
    settings = load_settings(port=3333, config=config)
    assert (settings.port, settings.host, settings.text_limit, settings.json_limit) == (3333, "10.0.0.2", 77, 1 << 20)


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("infer_api_host", "127.0.0.1", "host", "127.0.0.1"),
        ("infer_api_port", "80", "port", 80),
        ("infer_device_id", "3", "device_id", 3),
        ("ASCEND_DEVICE_ID", "4", "device_id", 4),
        ("DEVICE_ID", "5", "device_id", 5),
        ("TASK_RETENTION_SECONDS", "2h", "retention", 7200.0),
        ("gpt_path", "a.ckpt", "gpt_path", "a.ckpt"),
        ("sovits_path", "b.pth", "sovits_path", "b.pth"),
        ("cnhubert_base_path", "h", "hubert_path", "h"),
        ("bert_path", "r", "bert_path", "r"),
        ("is_half", "False", "precision", "float32"),
        ("is_half", "True", "precision", "float16"),
        (
            "GPT_SOVITS_CORS_ORIGINS",
            "https://a.example, https://b.example",
            "cors_origins",
            ("https://a.example", "https://b.example"),
        ),
        ("GPT_SOVITS_WARM_UP", "false", "warm_up", False),
    ],
)
def test_environment(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, expected: object) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(load_settings(), field) == expected


def test_the_prefixed_name_wins_and_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("infer_api_port", "1")
    monkeypatch.setenv("GPT_SOVITS_PORT", "2")
    monkeypatch.setenv("infer_api_host", "")
    assert (load_settings().port, load_settings().host) == (2, "0.0.0.0")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("2h", 7200), ("1d", 86400), ("7D", 604800), ("45", 45), (9, 9), ("1.5h", 5400)],
)
def test_durations(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "1y", "", "1d2h"])
def test_what_is_no_duration_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [("prot: 1\n", "prot"), ("port: many\n", "port"), ("- 1\n", "names and values"), ("a: [\n", "read")],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(config=write(tmp_path, "service.yaml", text))


NOT_ALLOWED = {
    "PORT=many": "port is 'many' (environment variable GPT_SOVITS_PORT); allowed: a whole number from 0 to 65535",
    "LOG_LEVEL=loud": "log_level is 'loud' ({}); allowed: one of debug, info, warning, error",
    "WARM_UP=maybe": "warm_up is 'maybe' ({}); allowed: true or false",
    "BODY_TIMEOUT=0": "body_timeout is '0' ({}); allowed: a number above 0",
    "MAX_ROWS=0": "max_rows is '0' ({}); allowed: a whole number of at least 1",
    "RETENTION=soon": "retention ({}): 'soon' is no duration; write seconds, or a number with s, m, h, d or w, "
    "such as 30m",
    "TRUSTED_PROXIES=x/y": "trusted_proxies ({}): 'x/y' does not appear to be an IPv4 or IPv6 network",
    "FILES_URL=voices": "files_url ({}): it is no address; write it as docs/SETTINGS.md shows",
    "BROKER=http://me:hunter2@mq": "broker ({}): its address begins with amqp:// or amqps://",
    "DATABASE_URL=bogus://x": "database_url ({}): its address begins with sqlite:// or postgresql://",
    "DATABASE_URL=me:hunter2@db": "database_url ({}): it is no address; write it as docs/SETTINGS.md shows",
}


@pytest.mark.parametrize(("setting", "told"), NOT_ALLOWED.items(), ids=NOT_ALLOWED)
def test_a_value_that_is_not_allowed_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, setting: str, told: str
) -> None:
    """It names the setting, where the value came from, the value, and what is allowed."""
    name, value = setting.split("=")
    monkeypatch.setenv(f"GPT_SOVITS_{name}", value)
    with pytest.raises(SettingsError) as found:
        load_settings()
    assert str(found.value) == told.format(f"environment variable GPT_SOVITS_{name}")


@pytest.mark.parametrize("name", ["default_cut", "default_refer_language"])
def test_names_that_requests_would_stumble_over_are_refused_at_the_start(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} \(on the command line\): 'foo' is no .* choose one of: "):
        load_settings(**{name: "foo"})


def test_every_wrong_setting_of_a_file_has_a_line_and_secrets_none_of_their_value(tmp_path: Path) -> None:
    config = write(tmp_path, "c.yaml", "prot: 1\nport: [1]\nbroker: 5\nvoice_aliases: {a: 1}\n")
    with pytest.raises(SettingsError) as found:
        load_settings(config=config, device_id=-3)
    assert set(str(found.value).splitlines()) == {
        f"'prot': there is no such setting (in {config}); did you mean root or port?",
        f"port is [1] (in {config}); allowed: a whole number from 0 to 65535",
        f"broker (in {config}); allowed: a text",
        f"voice_aliases.a is 1 (in {config}); allowed: names and values, such as alloy=narrator,nova=anna",
        "device_id is -3 (on the command line); allowed: a whole number of at least 0",
    }


@pytest.mark.parametrize(
    "command",
    [
        ["api_ms.py"],
        ["api2.py"],
        ["api_v2.py"],
        ["gpt_sovits_api.py"],
        ["-m", "service.worker"],
        ["-m", "service", "keys", "list"],
        ["-m", "uvicorn", "api_ms:app"],
    ],
    ids=lambda command: command[-1],
)
def test_every_command_tells_wrong_settings_in_plain_lines(command: list[str]) -> None:
    environment = {**os.environ, "GPT_SOVITS_MAX_ROWS": "x", "GPT_SOVITS_LOAD_TIMEOUT": "0"}
    ended = subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 2
    lines = [line for line in ended.stderr.splitlines() if "warning" not in line]
    assert [line.split(" is ")[0] for line in lines] == ["error: max_rows", "error: load_timeout"], ended.stderr


def test_a_file_in_toml(tmp_path: Path) -> None:
    pytest.importorskip("tomllib")
    config = write(tmp_path, "service.toml", 'port = 4444\nretention = "1d"\n')
    assert (load_settings(config=config).port, load_settings(config=config).retention) == (4444, 86400.0)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(config=tmp_path / "none.yaml")


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_password_in_the_databases_address_is_not_shown() -> None:
    settings = load_settings(database_url="postgresql://me:hunter2@db/voices")
    assert "hunter2" not in repr(settings) + str(settings.model_dump())


def test_every_setting_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "SETTINGS.md").read_text("utf-8")
    listed = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert listed == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        assert f"| {field.description} |" in text, name


def test_an_old_configuration_file_says_how_long_tasks_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.ini").write_text("[cleanup]\nretention = 2h\n", encoding="utf-8")
    assert load_settings(root=tmp_path).retention == 7200
    monkeypatch.setenv("TASK_RETENTION_SECONDS", "0")
    assert load_settings(root=tmp_path).retention == 0


def test_an_old_configuration_file_that_is_broken_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("retention 2h", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"config\.ini cannot be read"):
        load_settings(root=tmp_path)


def test_the_application_can_be_named_to_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``uvicorn api_ms:app``: made when it is asked for, with the settings of the environment, and once."""
    monkeypatch.setenv("GPT_SOVITS_ROOT", str(tmp_path))
    import api_ms

    monkeypatch.delitem(vars(api_ms), "app", raising=False)
    app = api_ms.app
    assert app is api_ms.app and app.state.settings.root == tmp_path
    monkeypatch.delitem(vars(api_ms), "app")

"""Settings: one table, four sources in order, and refusals that name file, key and remedy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from l2s.config import Row, Settings, example, load, rows
from l2s.errors import ConfigError
from tests.personas import GUARD

ROOT = Path(__file__).parent.parent
OTHER: dict[str, Any] = {  # a value that is not the default, where one more than the default would not do
    "data": "/srv/l2s",
    "host": "::1",
    "public_url": "https://chat.example.com/talk",
    "trusted_proxies": ["10.0.0.1", "192.0.2.0/24"],
    "silent_days": 3,
    "log_format": "json",
}


def other(row: Row) -> Any:
    """A valid value that is not the default."""
    return OTHER.get(row.name, row.default + 1 if isinstance(row.default, int) else None)


def as_text(value: Any) -> str:
    """As it stands in an environment variable."""
    return ", ".join(value) if isinstance(value, list) else str(value)


def write(folder: Path, **values: Any) -> str:
    path = folder / "l2s.toml"
    path.write_text("".join(f"{name} = {msgspec.json.encode(value).decode()}\n" for name, value in values.items()))
    return str(path)


def problem(file: str | None, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file, environ, flags or {})
    assert caught.value.exit_code == 78
    return str(caught.value)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_every_setting_comes_from_file_environment_and_flag_in_that_order(tmp_path: Path, row: Row) -> None:
    here = {"XDG_CONFIG_HOME": str(tmp_path / "none"), "HOME": str(tmp_path)}
    value, plain = other(row), row.default
    assert value != plain, "premise: another value than the default"
    file = write(tmp_path, **{row.name: value})

    def got(named: str | None, environ: dict[str, str], flags: dict[str, Any]) -> Any:
        return getattr(load(named, here | environ, flags).settings, row.name)

    assert got(file, {}, {}) == value
    assert got(None, {f"L2S_{row.name.upper()}": as_text(value)}, {}) == value
    assert got(None, {}, {row.name: value}) == value
    if row.name == "data":
        return  # its default is a place, not ""
    (tmp_path / "low").mkdir()
    low = write(tmp_path / "low", **{row.name: plain})
    assert got(low, {f"L2S_{row.name.upper()}": as_text(value)}, {}) == value, "environment over file"
    assert got(file, {f"L2S_{row.name.upper()}": as_text(plain)}, {}) == plain
    assert got(file, {f"L2S_{row.name.upper()}": as_text(value)}, {row.name: plain}) == plain, "flag over environment"
    assert got(file, {}, {row.name: None}) == value, "a flag that was not given says nothing"


def test_the_sources_are_told(tmp_path: Path) -> None:
    file = write(tmp_path, page=20, port=1)
    loaded = load(file, {"L2S_PORT": "2", "L2S_HOST": "::1"}, {"host": "127.0.0.1"})
    assert (loaded.settings.page, loaded.settings.port, loaded.settings.host) == (20, 2, "127.0.0.1")
    assert loaded.sources == {"page": file, "port": "environment", "host": "command line"}
    assert loaded.file == Path(file)


def test_port_and_l2s_config_are_taken_from_the_environment(tmp_path: Path) -> None:
    assert load(None, {"PORT": "9000", "HOME": str(tmp_path)}, {}).settings.port == 9000
    assert load(None, {"L2S_CONFIG": write(tmp_path, page=11)}, {}).settings.page == 11


def test_the_first_file_that_exists_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "home" / "l2s").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    assert load(None, environ, {}).file is None
    write(tmp_path / "home" / "l2s", page=33)
    assert load(None, environ, {}).settings.page == 33
    write(tmp_path / "work", page=22)
    assert load(None, environ, {}).settings.page == 22


def test_the_data_directory_has_a_place_for_each_way_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def data(**environ: str) -> str:
        return load(None, {"HOME": "/home/maja", "XDG_CONFIG_HOME": str(tmp_path), **environ}, {}).settings.data

    assert data(STATE_DIRECTORY="/var/lib/one:/var/lib/two") == "/var/lib/one"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert data() == "/var/lib/l2s"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert data() == "/home/maja/.local/share/l2s"
    assert data(XDG_DATA_HOME="/big") == "/big/l2s"


WRONG = [
    ("prot = 1", "prot", "Did you mean port?"),
    ("colour_of_doom = 1", "colour_of_doom", "l2s.toml.example"),
    ('port = "8080"', "port", "l2s.toml.example"),
    ("port = 65536", "port", "65535"),
    ("port = -1", "port", "0"),
    ("port = true", "port", "int"),
    ("host = 5", "host", "str"),
    ('trusted_proxies = "10.0.0.1"', "trusted_proxies", "array"),
    ("trusted_proxies = [1]", "trusted_proxies", "str"),
    ('trusted_proxies = ["proxy.local"]', "trusted_proxies", "proxy.local"),
    ('log_format = "xml"', "log_format", "l2s.toml.example"),
    ("message_max = 0", "message_max", "1"),
    ('public_url = "chat.example.com"', "public_url", "https://"),
    ('public_url = "ftp://chat.example.com"', "public_url", "https://"),
    ('public_url = "https://chat.example.com/?a=b"', "public_url", "https://"),
    ('public_url = "http://[::1"', "public_url", "https://"),
    ('public_url = "http://chat.example.com:99999"', "public_url", "https://"),
    ("[table]\nport = 1", "table", "l2s.toml.example"),
]


@pytest.mark.parametrize(("text", "key", "remedy"), WRONG)
def test_a_wrong_line_is_refused_by_file_key_and_remedy(tmp_path: Path, text: str, key: str, remedy: str) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(text)
    told = problem(str(path), {})
    assert told.startswith(f"{path}: {key}: ")
    assert remedy in told
    assert "\n" not in told


@pytest.mark.parametrize("raw", [b"port = ", b"port 8080", b"\xff\xfe", b"port = 1\nport = 2"])
def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "shop.toml"
    path.write_bytes(raw)
    assert problem(str(path), {}).startswith(f"{path}: not valid TOML")


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    for named in (str(tmp_path / "absent.toml"), str(tmp_path)):
        assert problem(named, {}) == f"{named}: no such file. Give another with --config, or leave it out."
        assert problem(None, {"L2S_CONFIG": named}).startswith(named)


def test_environment_and_flags_are_refused_by_name_too(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    assert problem(None, home | {"L2S_PORT": "many"}).startswith("environment: port: ")
    assert problem(None, home | {"PORT": "many"}).startswith("environment: port: ")
    assert problem(None, home | {"L2S_PRT": "1"}).startswith("environment: prt: unknown setting. Did you mean port?")
    assert problem(None, home, {"port": 70_000}).startswith("command line: port: ")


def test_an_address_ends_without_a_stroke(tmp_path: Path) -> None:
    assert load(write(tmp_path, public_url="https://a.example/chat/"), {}, {}).settings.public_url == "https://a.example/chat"


def test_the_example_shows_every_setting_with_its_default() -> None:
    assert (ROOT / "l2s.toml.example").read_text("utf-8") == example(), "write the file anew with config.example()"
    lines = [line[2:] for line in example().splitlines() if re.match(r"# \w+ = ", line)]
    assert msgspec.convert(tomllib.loads("\n".join(lines)), Settings) == Settings()
    assert [line.partition(" = ")[0] for line in lines] == [row.name for row in rows()]


def test_every_setting_has_help_and_a_reason() -> None:
    for row in rows():
        assert row.help.endswith("."), row.name
        assert row.reason, row.name
        assert row.kind in ("number", "text", "list")


def test_the_command_ends_with_78_and_one_line(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text("prot = 8080\n")
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    words = [sys.executable, "-m", "l2s", "serve", "--config", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=GUARD, env=environ, cwd=tmp_path)
    assert done.returncode == 78
    assert done.stderr == f"l2s: {path}: prot: unknown setting. Did you mean port?\n"
    assert done.stdout == ""

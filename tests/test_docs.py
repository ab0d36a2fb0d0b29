"""What is printed is true: the README's commands exist, the manual names every setting, command and error."""

from __future__ import annotations

import ast
import html
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from l2s.cli import main
from l2s.config import COMMANDS, rows
from l2s.errors import L2sError
from l2s.web.pages import LANGUAGES, catalogues
from tests.personas import Shop

ROOT = Path(__file__).parent.parent
ERRORS = {
    "L2sError", "Refused", "BadInput", "SignInNeeded", "NotFound", "Conflict", "Gone", "TooLarge", "TooMany", "Unavailable",
}  # fmt: skip


def subclasses(kind: type) -> Iterator[str]:
    yield kind.__name__
    for one in kind.__subclasses__():
        yield from subclasses(one)


def raised() -> dict[str, str]:
    """Every literal error code in the program → where it stands."""
    found = {}
    for file in sorted((ROOT / "l2s").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                first = node.args[0]
                for part in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found[part.value] = f"{file.relative_to(ROOT)}:{node.lineno}"
    return found


def spoken() -> set[str]:
    """Every literal text in the program: codes are handed on as arguments too."""
    trees = (ast.parse(file.read_text("utf-8")) for file in (ROOT / "l2s").rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}


def commands(group: click.Group, path: str = "l2s") -> Iterator[tuple[str, click.Command]]:
    """(whole name, command), leaves only."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


@pytest.fixture
async def manuals(shop: Shop) -> dict[str, str]:
    """language → the manual's page, as text."""
    found = {}
    for language in LANGUAGES:
        async with shop.http.get(f"{shop.base}/help", headers={"Accept-Language": language}) as answer:
            assert answer.status == 200
            body = await answer.text()
            assert f'<html lang="{language}"' in body
            found[language] = body
    return found


def named(body: str) -> set[str]:
    """Everything that stands in the manual as code."""
    return {html.unescape(text) for text in re.findall(r"<code>([^<]*)</code>", body)}


async def test_the_manual_names_every_setting_with_its_default(manuals: dict[str, str]) -> None:
    for body in manuals.values():
        for row in rows():
            assert row.name in named(body), row.name
            assert row.help in html.unescape(body), row.name


async def test_the_manual_names_every_command(manuals: dict[str, str]) -> None:
    real = dict(commands(main))
    assert real.keys() == COMMANDS.keys()
    for body in manuals.values():
        for name, text in COMMANDS.items():
            assert name in named(body), name
            assert text in html.unescape(body)


async def test_the_manual_names_every_error_with_its_sentence(manuals: dict[str, str]) -> None:
    for language, body in manuals.items():
        words = catalogues()[language]["error"]
        for code, text in words.items():
            assert code in named(body), (language, code)
            sentence = text if isinstance(text, str) else text["other"]
            for piece in re.split(r"\{\w+\}", sentence):  # filled or not, the words around are there
                assert piece.strip() in html.unescape(body), (language, code)


def test_every_error_that_is_raised_has_a_sentence_in_every_language_and_none_is_left_over() -> None:
    assert set(subclasses(L2sError)) - {"Broken", "ConfigError", "DataError", "StartError"} == ERRORS, "premise"
    codes = raised()
    assert len(codes) > 40, "premise: they were found"
    for language in LANGUAGES:
        words = catalogues()[language]["error"]
        assert {code: where for code, where in codes.items() if code not in words} == {}, language
        assert words.keys() - spoken() == set(), f"{language}: nobody raises these"


def test_every_command_and_every_flag_explains_itself() -> None:
    for name, command in commands(main):
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (name, parameter.name)
        context = click.Context(command, info_name=name)
        assert name in command.get_help(context)


def shell_lines(text: str) -> list[str]:
    """Every command in a code block."""
    blocks = re.findall(r"```(?:sh|shell|console|bash)?\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_the_readme_names_both_commands_and_nothing_that_does_not_exist() -> None:
    lines = shell_lines((ROOT / "README.md").read_text("utf-8"))
    assert any("pip install" in line and "l2s serve" in line for line in lines), "the first installs and serves"
    assert any(line.startswith("tests/run") for line in lines), "the second sets up and runs every test"
    known, settings = dict(commands(main)), {row.name for row in rows()}
    flags = {option for command in known.values() for parameter in command.params for option in parameter.opts}
    for line in lines:
        words = shlex.split(line, comments=True)
        for word in words if "l2s" in words else []:
            flag = word.partition("=")[0]
            assert not flag.startswith("--") or flag in flags or flag in ("--help", "--version"), line
        for setting in re.findall(r"\bL2S_([A-Z_]+)=", line):
            assert setting.lower() in settings | {"config"}, line
    for name in re.findall(r"`(l2s(?: [a-z]+)+)", (ROOT / "README.md").read_text("utf-8")):
        assert any(full.startswith(name) or name.startswith(full) for full in known), name


def test_the_catalogues_have_the_same_keys_and_no_empty_text() -> None:
    words = catalogues()
    for part, english in words["en"].items():
        for language in LANGUAGES:
            assert words[language][part].keys() == english.keys(), (language, part)
            assert all(json.dumps(text) not in ('""', "{}") for text in words[language][part].values()), (language, part)


def test_the_changelog_knows_this_version() -> None:
    from l2s import __version__

    assert __version__ in (ROOT / "CHANGELOG.md").read_text("utf-8")

"""The README holds: its commands, its Python example and what that prints, and every verb."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from tools import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_first_two_shell_blocks_are_one_command_each() -> None:
    first, second = blocks("sh")[:2]
    assert (first, second) == ("python3 tools/bootstrap.py run\n", "python3 tools/bootstrap.py test\n")
    assert (ROOT / "tools" / "bootstrap.py").is_file()


def test_ci_runs_the_two_commands_as_they_stand() -> None:
    steps = re.findall(r'^step "[^"]+" (.*)$', (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert [block.strip() for block in blocks("sh")[:2]] == steps[-2:]


def test_the_python_example_prints_what_the_readme_says() -> None:
    (example,) = blocks("python")
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {"__name__": "readme"})
    said = README.split("It prints:\n\n```text\n")[1].split("```")[0]
    assert printed.getvalue() == said


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_is_in_the_readme(verb: str) -> None:
    assert f"`meterfarm {verb}" in README


def test_the_readme_knows_no_other_verb() -> None:
    assert set(re.findall(r"`meterfarm (\w+)", README)) <= set(cli.VERBS)


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_help_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    for path in _paths(verb, cli.load_verb(verb)):
        assert cli.main([*path.split(), "--help"]) == 0
        example = " ".join(capsys.readouterr().out.split()).partition("Example: ")[2]
        assert example.startswith("meterfarm ") and f"meterfarm {path}" in example


def _paths(path: str, command: object) -> Iterator[str]:
    """The verb, or its sub-commands."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
    else:
        for name, below in inner.items():
            yield from _paths(f"{path} {name}", below)

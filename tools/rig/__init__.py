"""``meterfarm rig``: real devices on a bench. A sub-verb is a file here and a row of ``VERBS``."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.resources import files
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

VERBS: Final[tuple[str, ...]] = (
    "suggest",
    "list",
    "check",
    "lease",
    "release",
    "compare",
    "soak",
    "fake_ezsp",
    "bridge",
    "capture",
    "read",
    "power",
    "broker",
)
"""The sub-verbs: ``fake_ezsp`` is ``meterfarm rig fake-ezsp``, ``command`` of ``tools/rig/fake_ezsp.py``."""


class LazyVerbs(TyperGroup):
    """The sub-verbs: imported only when one is called or asked for its help, since some take seconds to load."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.update({name: TyperCommand(name, help=_line(name)) for name in map(_dashed, VERBS)})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command behind the name that ``args`` begins with."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, _loaded(name) if name is not None else listed, rest


def _dashed(module: str) -> str:
    return module.replace("_", "-")


def _line(name: str) -> str:
    """The first line of a sub-verb's help, read from its file without running it."""
    source = files("tools.rig").joinpath(f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    command = next(function for function in functions if function.name == "command")
    return (ast.get_docstring(command) or "").partition("\n")[0]


def _loaded(name: str) -> Any:
    parent = typer.Typer(rich_markup_mode=None, add_completion=False)
    parent.command(name)(import_module(f"tools.rig.{name.replace('-', '_')}").command)
    # A group holds its one command by name; without a callback typer would make the command itself of it.
    parent.callback()(lambda: None)
    return get_group(parent).commands[name]


app = typer.Typer(cls=LazyVerbs, rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def _rig() -> None:
    """Lease, read, compare and soak real meters and hubs on a bench."""

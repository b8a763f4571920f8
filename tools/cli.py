"""The ``meterfarm`` command: one verb a file, loaded when it is called.

Exit codes::

    0    what was asked holds
    1    it does not: a check failed, or bytes or a peer are wrong
    2    the call cannot be carried out: an argument, a file, a key of a scenario is wrong
    3    a fault of meterfarm itself; --debug shows where
    130  interrupted (Ctrl-C)
    141  the reader of the output went away

Errors are one line on standard error, ``error: ...``. A new verb is a file of this package that has ``command`` (a
function for typer) or ``app`` (a typer application with sub-commands), and a row of ``VERBS``.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from tools.outcome import NotMet

VERBS: Final = {
    "run": "Read settlement days of an emulated farm and check every value.",
    "report": "Write the HTML report of a run again, from its folder.",
    "decode": "Print any GBCS message as a readable tree, or as JSON.",
    "encode": "Build a message from the JSON that decode prints, as hex.",
    "rtds": "Conformance with the reference test data set.",
    "keys": "Keys and certificates of a test PKI.",
    "compress": "Measure what codecs make of the messages of half-hourly settlement.",
    "emulate": "Let emulated meters answer over TCP, a terminal or a serial line.",
    "capacity": "Work out volumes, radio channels and costs of half-hourly settlement.",
    "size": "Print the bytes of a read: messages, blocks, frames, compressed.",
    "rig": "Lease, read, compare and soak real meters and hubs on a bench.",
    "bench": "Measure cryptography, codec and whole run, as ratios.",
}
"""Every verb and its line in ``meterfarm --help``, which is the first line of the verb's own help."""

HOLDS, NOT_MET, WRONG_CALL, FAULT, INTERRUPTED, READER_GONE = 0, 1, 2, 3, 130, 141

EXIT_CODES: Final = {
    HOLDS: "what was asked holds",
    NOT_MET: "it does not: a check failed, or bytes or a peer are wrong",
    WRONG_CALL: "the call cannot be carried out: an argument, a file, a key of a scenario is wrong",
    FAULT: "a fault of meterfarm itself; --debug shows where",
    INTERRUPTED: "interrupted (Ctrl-C)",
    READER_GONE: "the reader of the output went away",
}

_AS_IT_STANDS = "\b\n"
"""Tells typer not to fill the lines of a paragraph."""

_ASKED_FOR_NOTHING = "NoArgsIsHelpError"
"""What typer raises, with the help as its message, for a group without a verb; it does not export the class."""


@dataclass(slots=True)
class _Settings:
    """What the options before the verb ask for."""

    debug: bool = False


class LazyVerbs(TyperGroup):
    """The verbs: listed from their table, imported only when one is called or asked for its help."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.update({name: TyperCommand(name, help=line) for name, line in VERBS.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command behind the name that ``args`` begins with."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, load_verb(name) if name is not None else listed, rest


def load_verb(name: str) -> Any:
    """Import the file of a verb and make its command. Raises KeyError for a name that is not in ``VERBS``."""
    parent = _plain_app()
    module = import_module(f"tools.{name}")
    if hasattr(module, "app"):
        parent.add_typer(module.app, name=name)
    else:
        parent.command(name)(module.command)
    # A group holds its one command by name; without a callback typer would make the command itself of it.
    parent.callback()(lambda: None)
    return get_group(parent).commands[name]


def _plain_app(**attributes: Any) -> typer.Typer:
    """An application whose help is plain text: brackets in it are brackets, in a pipe as on a terminal."""
    return typer.Typer(rich_markup_mode=None, add_completion=False, **attributes)


def _epilog() -> str:
    return _AS_IT_STANDS + "\n".join(("Exit codes:", *(f"  {code:<4} {text}" for code, text in EXIT_CODES.items())))


app = _plain_app(cls=LazyVerbs, epilog=_epilog(), no_args_is_help=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"meterfarm {_version()}")
        raise typer.Exit


def _version() -> str:
    try:
        return version("meterfarm")
    except PackageNotFoundError:
        return "(not installed)"


@app.callback()
def _meterfarm(
    ctx: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Emulated GB smart electricity meters, read over modelled networks, byte for byte.

    Every verb has --help with an example, and --json where it prints a table.
    """
    ctx.ensure_object(_Settings).debug = debug


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``meterfarm`` with these arguments (those of the process unless given) and return its exit code."""
    settings = _Settings()
    try:
        code = _invoke(sys.argv[1:] if arguments is None else list(arguments), settings)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
        return READER_GONE
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: whatever it is, one line and a code
        if settings.debug:
            traceback.print_exc()
        if type(error).__name__ == _ASKED_FOR_NOTHING:
            _say(str(error))
            return WRONG_CALL
        message, code = _explain(error)
        _say(f"error: {message}")
    return code


def _invoke(arguments: list[str], settings: _Settings) -> int:
    """Run a verb. Returns the code that it ended itself with, 0 unless it did."""
    command = get_command(app)
    try:
        with command.make_context("meterfarm", arguments, obj=settings) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    return HOLDS


def _explain(error: Exception) -> tuple[str, int]:
    """One line for an error, and the exit code."""
    if isinstance(error, typer.TyperException):
        path = getattr(getattr(error, "ctx", None), "command_path", "meterfarm")
        return f"{_one_line(error.format_message())} (see {path} --help)", WRONG_CALL
    # The codec takes its time to load; help, version and slips of the hand do not need it.
    from gbcs.errors import GbcsError, LocalError  # noqa: PLC0415

    message = _one_line(str(error))
    if isinstance(error, LocalError):
        return message, WRONG_CALL
    if isinstance(error, NotMet | GbcsError):
        return message, NOT_MET
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror, WRONG_CALL
    return f"a fault of meterfarm itself: {type(error).__name__}: {message} (meterfarm --debug shows where)", FAULT


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say(line: str) -> None:
    """Print one line to standard error, if anybody still listens."""
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _silence()


def _silence() -> None:
    """Let what is still buffered go nowhere, or the interpreter would complain about the closed pipe at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())

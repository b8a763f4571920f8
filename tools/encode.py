"""``meterfarm encode``: build a message from the JSON that ``meterfarm decode --json`` prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gbcs.errors import LocalError
from gbcs.keystore import KeyStore
from tools.output import emit_json, stderr_console
from tools.rebuild import rebuild


def command(
    description: Annotated[
        str, typer.Argument(metavar="FILE|-", help="The JSON of one message, or - for standard input.")
    ],
    keys: Annotated[
        Path | None, typer.Option(help="Directory of keys: encrypt, sign and MAC anew what was edited.")
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help="Make a signed, MAC'd command of a pre-command.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build a message from the JSON that decode prints, as hex.

    Example: meterfarm decode command.hex --json | meterfarm encode -
    """
    store = KeyStore.read(keys) if keys is not None else None
    built = rebuild(read_description(description), store, sign_it=sign)
    for note in built.notes:
        stderr_console().print(f"note: {note}", style="dim", highlight=False)
    if as_json:
        emit_json({"message": built.data.hex(), "bytes": len(built.data), "notes": list(built.notes)})
    else:
        sys.stdout.write(built.data.hex() + "\n")


def read_description(source: str) -> dict[str, Any]:
    """The JSON object in a file or on standard input. Raises LocalError where there is none."""
    name = "standard input" if source == "-" else source
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
        value = json.loads(text)
    except OSError as error:
        raise LocalError(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LocalError(f"{name} is no text") from None
    except json.JSONDecodeError as error:
        raise LocalError(f"{name}, line {error.lineno}: no JSON: {error.msg}") from None
    except RecursionError:
        raise LocalError(f"{name} is nested too deep") from None
    if not isinstance(value, dict):
        raise LocalError(f"{name} holds no JSON object")
    return value

"""Where the verbs print: results to standard output, everything else to standard error.

With ``--json`` standard output holds one JSON object and nothing else, so that it can be piped. Text that comes from
messages, files and peers may hold square brackets and colons: neither console reads markup or emoji codes in it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import IO, Any

from rich.console import Console

_WIDTH_OF_A_PIPE = 140
"""Columns of a table that is not shown on a terminal; rich would squeeze it into 80."""


class _Console(Console):
    """A console that leaves it to the command how to end when the reader of its output has gone."""

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError, where rich would end the program with code 1."""
        raise BrokenPipeError


def emit_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object to standard output, on one line.

    Raises TypeError for a value that JSON does not know and ValueError for a number that it cannot hold (NaN,
    infinity): a result with such a value is a fault of the verb.
    """
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")


def stdout_console() -> Console:
    """A console for results: tables and trees."""
    return _console(sys.stdout)


def stderr_console() -> Console:
    """A console for progress, notes and warnings.

    Keep one console for a progress bar and the notes beside it: two would write over each other.
    """
    return _console(sys.stderr)


def _console(stream: IO[str]) -> Console:
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_OF_A_PIPE
    return _Console(file=stream, width=fixed, markup=False, emoji=False, highlight=False)

"""Run the ``meterfarm`` command in this process, as a shell would: arguments in, exit code and both streams out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from tools.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output, which must hold nothing else."""
        value = json.loads(self.out)
        assert isinstance(value, dict) and self.out.count("\n") == 1
        return value

    def error(self) -> str:
        """The one line of an error; nothing else may stand on standard error."""
        assert self.code != 0
        assert self.err.startswith("error: ") and self.err.count("\n") == 1, self.err
        return self.err.removeprefix("error: ").rstrip("\n")


class Stream(io.BytesIO):
    """Standard input of given bytes; with an error in place of bytes, reading raises it."""

    def __init__(self, content: bytes | BaseException) -> None:
        super().__init__(b"" if isinstance(content, BaseException) else content)
        self.error = content if isinstance(content, BaseException) else None

    def read(self, size: int | None = -1, /) -> bytes:
        """The bytes."""
        if self.error is not None:
            raise self.error
        return super().read(size)


def meterfarm(*arguments: str, stdin: bytes | BaseException | None = None) -> Ended:
    """Call the command with these arguments and this standard input."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(arguments)) if stdin is None else _with_stdin(stdin, lambda: main(list(arguments)))
    return Ended(code, out.getvalue(), err.getvalue())


def _with_stdin(content: bytes | BaseException, call: Callable[[], int]) -> int:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(Stream(content))
    try:
        return call()
    finally:
        sys.stdin = before

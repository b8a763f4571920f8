"""The command itself: exit codes, one line for every error, help with an example for every verb."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import worked_example as example
from shell import meterfarm

from gbcs.errors import DecodeError, KeyUnavailable, LocalError
from tools import cli
from tools.outcome import NotMet

COMMAND = example.ECS17B_COMMAND.hex()


def test_help_lists_every_verb_and_every_exit_code() -> None:
    ended = meterfarm("--help")
    assert ended.code == 0 and ended.err == ""
    assert all(f"{code}" in ended.out and text.split(";")[0] in ended.out for code, text in cli.EXIT_CODES.items())
    assert all(verb in ended.out for verb in cli.VERBS)


@pytest.mark.parametrize("verb", cli.VERBS)
def test_the_help_of_a_verb_begins_with_its_line_and_has_an_example(verb: str) -> None:
    command = cli.load_verb(verb)
    assert (command.help or "").splitlines()[0] == cli.VERBS[verb]
    inside = getattr(command, "commands", {})
    helps = [meterfarm(verb, name, "--help").out for name in inside] or [command.help or ""]
    assert all("Example: meterfarm" in text for text in helps)
    assert meterfarm(verb, "--help").code == 0


def test_the_version_is_printed() -> None:
    ended = meterfarm("--version")
    assert ended.code == 0 and ended.out.startswith("meterfarm ")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("deocde",), "deocde"),
        (("decode",), "see meterfarm decode --help"),
        (("decode", "--jason", COMMAND), "--jason"),
        (("rtds", "chekc", "."), "see meterfarm rtds --help"),
        (("--fast", "decode"), "--fast"),
        (("decode", "no such file"), "is neither hex nor a file"),
        (("decode", COMMAND, "--keys", "/nowhere"), "/nowhere is no directory of keys"),
    ],
)
def test_a_wrong_call_is_one_line_and_code_2(arguments: tuple[str, ...], what: str) -> None:
    ended = meterfarm(*arguments)
    assert ended.code == cli.WRONG_CALL and what in ended.error() and ended.out == ""


@pytest.mark.parametrize("arguments", [(), ("rtds",), ("keys",)])
def test_a_group_without_a_verb_shows_its_help_and_code_2(arguments: tuple[str, ...]) -> None:
    ended = meterfarm(*arguments)
    assert ended.code == cli.WRONG_CALL and "Usage: meterfarm" in ended.out + ended.err


def test_wrong_bytes_are_one_line_and_code_1() -> None:
    ended = meterfarm("decode", COMMAND[:-2])
    assert ended.code == cli.NOT_MET and "cut short?" in ended.error()


def test_debug_shows_the_traceback_in_front_of_the_line() -> None:
    ended = meterfarm("--debug", "decode", COMMAND[:-2])
    assert ended.code == cli.NOT_MET
    assert "Traceback" in ended.err and ended.err.splitlines()[-1].startswith("error: ")


def test_ctrl_c_is_code_130_and_no_traceback() -> None:
    ended = meterfarm("decode", "-", stdin=KeyboardInterrupt())
    assert (ended.code, ended.out, ended.err) == (cli.INTERRUPTED, "", "interrupted\n")


def test_a_fault_of_the_program_is_code_3_and_says_so() -> None:
    ended = meterfarm("decode", "-", stdin=RuntimeError("two\nlines"))
    assert ended.code == cli.FAULT and ended.out == ""
    assert ended.error() == "a fault of meterfarm itself: RuntimeError: two lines (meterfarm --debug shows where)"


def test_a_stream_that_cannot_be_read_is_code_2() -> None:
    ended = meterfarm("decode", "-", stdin=OSError(5, "Input/output error", "tape"))
    assert ended.code == cli.WRONG_CALL and ended.error() == "tape: Input/output error"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LocalError("a"), cli.WRONG_CALL),
        (KeyUnavailable("a"), cli.WRONG_CALL),
        (DecodeError("a"), cli.NOT_MET),
        (NotMet("a"), cli.NOT_MET),
        (ValueError("a"), cli.FAULT),
    ],
)
def test_every_family_of_errors_has_its_code(error: Exception, code: int) -> None:
    assert cli._explain(error)[1] == code


def test_a_reader_that_goes_away_is_code_141_and_silence() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "tools.cli", "decode", COMMAND], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (cli.READER_GONE, b"")

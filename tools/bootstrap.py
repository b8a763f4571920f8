"""Run meterfarm or its tests from a fresh clone: ``python3 tools/bootstrap.py run``, ``... test``.

Needs a Python and the standard library alone. It makes ``.venv`` beside ``pyproject.toml``, installs there what the
command needs, and becomes the command. Installing is done again only when ``pyproject.toml`` has changed.

    run, decode, ...   the verbs of meterfarm, with their arguments
    test               the tests, against the built wheel; arguments go on to pytest
    tox                tox, with its own arguments: tox run -e lint

Exit codes are those of the command; 2 where it could not be set up, 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

# An older Python must get as far as the line that says so: no newer syntax here, no newer module above.
NEEDED = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PROJECT = ROOT / "pyproject.toml"

CANNOT, INTERRUPTED = 2, 130

TOX = {"test": ("run", "-e", "bellows,py", "--"), "tox": ()}
"""Words that call tox, and what they say to it; every other word is a verb of meterfarm."""

UNREACHABLE = ("NewConnectionError", "ConnectTimeout", "Name or service not known", "Network is unreachable")


class CannotSetUp(Exception):
    """One line that says why the command cannot be run."""


def main(words: list[str]) -> int:
    """Set up what the command needs and run it; does not return where the system can replace this process by it."""
    try:
        check_python()
        if not words or words[0] in {"-h", "--help"}:
            sys.stdout.write(__doc__ or "")
            return 0
        make_environment()
        return become(command(words))
    except (CannotSetUp, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return CANNOT
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED


def check_python() -> None:
    """Raise CannotSetUp where this Python is too old or cannot make virtual environments."""
    found = sys.version_info[:2]
    if found < NEEDED:
        raise CannotSetUp(f"Python {show(NEEDED)} or newer is needed; {sys.executable} is {show(found)}")
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise CannotSetUp(f"this Python cannot make virtual environments: apt-get install python{show(found)}-venv")


def command(words: list[str]) -> list[str]:
    """The command line behind the words, once what it needs is installed."""
    first, *rest = words
    if first not in TOX:
        install("meterfarm", ["--editable", str(ROOT)])
        return [program("meterfarm"), first, *rest]
    install("tox", tox_requirements())
    return [program("tox"), *TOX[first], *rest]


def tox_requirements() -> list[str]:
    """The tox that ``pyproject.toml`` asks for."""
    import tomllib  # noqa: PLC0415 - the standard library has it since the version that check_python asks for

    with PROJECT.open("rb") as file:
        return list(tomllib.load(file)["tool"]["tox"]["requires"])


def make_environment() -> None:
    """Make ``.venv`` unless it is there, whole, and of this version of Python."""
    if environment_is_whole():
        return
    say(f"making {VENV} with Python {show(sys.version_info[:3])}")
    done = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if done.returncode:
        raise CannotSetUp(f"{VENV} could not be made: {last_line(done.stdout + done.stderr)}")


def environment_is_whole() -> bool:
    """Whether ``.venv`` can be used: its making ends with pip, and it goes stale with another version of Python."""
    if not all(Path(program(name)).exists() for name in ("python", "pip")):
        return False
    settings = VENV / "pyvenv.cfg"
    return settings.exists() and f"version = {show(sys.version_info[:2])}." in settings.read_text(encoding="utf-8")


def install(name: str, requirements: list[str]) -> None:
    """Install requirements into ``.venv``, unless that was done with this very ``pyproject.toml``."""
    mark = VENV / f"installed-{name}.sha256"
    fingerprint = sha256(PROJECT.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text(encoding="ascii") == fingerprint:
        return
    say(f"installing {name} and what it needs")
    # Most files of the large packages are never imported: whoever imports one compiles it.
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2", "--no-compile"]
    done = run([program("python"), "-m", "pip", "install", *options, *requirements])
    if done.returncode:
        raise CannotSetUp(f"{name} could not be installed: {reason(done.stdout + done.stderr)}")
    mark.write_text(fingerprint, encoding="ascii")


def reason(said: str) -> str:
    """Why pip failed, in one line."""
    if any(word in said for word in UNREACHABLE):
        return "no network: pip reaches no package index (PIP_INDEX_URL names another, PIP_PROXY a proxy)"
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    return last_line("\n".join(errors) or said)


def become(line: list[str]) -> int:
    """Replace this process by the command; where the system cannot, run it and return its exit code."""
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(line[0], line)  # noqa: S606 - the caller's own command
    return subprocess.run(line, check=False).returncode  # noqa: S603 - the caller's own command


def run(line: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command quietly; what it says is in the result."""
    return subprocess.run(line, check=False, capture_output=True, text=True)  # noqa: S603 - words of this file


def program(name: str) -> str:
    """The path of a program of the virtual environment."""
    return str(BIN / (name + SUFFIX))


def say(what: str) -> None:
    """One line on standard error: standard output is the command's."""
    sys.stderr.write(f"bootstrap: {what}\n")
    sys.stderr.flush()


def show(version: tuple[int, ...]) -> str:
    """``3.11`` for (3, 11)."""
    return ".".join(str(part) for part in version)


def last_line(text: str) -> str:
    """The last line that says anything."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason given")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

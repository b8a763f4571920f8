"""The script of a fresh clone, run by a plain Python on a copy of the project: what it says, refuses, and does once."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = "#!/bin/sh\necho ran $0 with $*\n"


class Clone:
    """A project folder with the script in it; its virtual environment is stood in for by shell scripts."""

    def __init__(self, path: Path) -> None:
        self.path, self.bin = path, path / ".venv" / "bin"
        (path / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "bootstrap.py", path / "tools")
        shutil.copy(ROOT / "pyproject.toml", path)

    def make_environment(self, pip: str = COMMAND, version: str = "") -> None:
        """A whole environment, whose Python runs ``pip``."""
        self.bin.mkdir(parents=True)
        version = version or ".".join(map(str, sys.version_info[:3]))
        (self.path / ".venv" / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n")
        for name in ("python", "pip", "meterfarm", "tox"):
            (self.bin / name).write_text(pip if name == "python" else COMMAND)
            (self.bin / name).chmod(0o755)

    def run(self, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
        """Run the script; ``before`` is Python that changes the interpreter first."""
        script = str(self.path / "tools" / "bootstrap.py")
        code = f"import runpy, sys; {before or 'pass'}; sys.argv = [{script!r}, *{list(words)!r}]\n"
        code += f"runpy.run_path({script!r}, run_name='__main__')"
        return subprocess.run(
            [sys.executable, "-c", code], check=False, cwd="/", env=dict(os.environ), capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "a clone")


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def test_a_verb_is_installed_once_and_then_only_run(clone: Clone) -> None:
    clone.make_environment()
    first, second = clone.run("run", "--seed", "4"), clone.run("run", "--seed", "4")
    assert first.stderr == "bootstrap: installing meterfarm and what it needs\n"
    assert second.stderr == ""
    assert first.stdout == second.stdout == f"ran {clone.bin / 'meterfarm'} with run --seed 4\n"


def test_tests_are_run_by_tox_and_pass_arguments_on(clone: Clone) -> None:
    clone.make_environment()
    assert clone.run("test", "-k", "a word").stdout == f"ran {clone.bin / 'tox'} with run -e bellows,py -- -k a word\n"
    assert clone.run("tox", "run", "-e", "lint").stdout == f"ran {clone.bin / 'tox'} with run -e lint\n"


def test_a_changed_project_file_installs_again(clone: Clone) -> None:
    clone.make_environment()
    clone.run("run")
    with (clone.path / "pyproject.toml").open("a") as file:
        file.write("# one more line\n")
    assert "installing" in clone.run("run").stderr
    assert clone.run("run").stderr == ""


def test_what_failed_to_install_is_tried_again(clone: Clone) -> None:
    clone.make_environment(pip="#!/bin/sh\necho 'ERROR: no matching distribution' >&2; exit 1\n")
    for _ in range(2):
        done = clone.run("run")
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.splitlines()[1:] == [
            "error: meterfarm could not be installed: ERROR: no matching distribution"
        ]


def test_no_network_is_one_line_that_says_so(clone: Clone) -> None:
    clone.make_environment(pip="#!/bin/sh\necho 'NewConnectionError: Name or service not known' >&2; exit 1\n")
    done = clone.run("test")
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("error: tox could not be installed: no net")


def test_an_old_python_is_named_with_the_one_that_is_needed(clone: Clone) -> None:
    done = clone.run("run", before="sys.version_info = (3, 9, 2, 'final', 0)")
    assert done.returncode == 2
    assert done.stderr == f"error: Python 3.11 or newer is needed; {sys.executable} is 3.9\n"
    assert not (clone.path / ".venv").exists()


def test_the_script_can_be_read_by_an_old_python() -> None:
    ast.parse((ROOT / "tools" / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_a_python_without_venv_says_what_to_install(clone: Clone) -> None:
    done = clone.run("run", before="import importlib.util; importlib.util.find_spec = lambda name: None")
    assert done.returncode == 2
    assert done.stderr.startswith("error: this Python cannot make virtual environments: apt-get install python3.")


@pytest.mark.parametrize("fault", ["of another Python", "half made"])
def test_an_environment_that_is_no_use_is_made_anew(clone: Clone, fault: str) -> None:
    clone.make_environment(version="3.2.1" if fault == "of another Python" else "")
    if fault == "half made":
        (clone.bin / "pip").unlink()
    maker = clone.path / "maker"
    maker.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/asked"\n')
    maker.chmod(0o755)
    done = clone.run("run", before=f"sys.executable = {str(maker)!r}")
    version = ".".join(map(str, sys.version_info[:3]))
    assert done.stderr.startswith(f"bootstrap: making {clone.path / '.venv'} with Python {version}\n")
    assert (clone.path / "asked").read_text() == f"-m venv --clear {clone.path / '.venv'}\n"


def test_ctrl_c_is_one_word_and_its_code(clone: Clone) -> None:
    clone.make_environment()
    done = clone.run(
        "run", before="import subprocess\ndef stop(*a, **k): raise KeyboardInterrupt\nsubprocess.run = stop"
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (130, "interrupted")


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_without_a_word_it_explains_itself_and_makes_nothing(clone: Clone, words: tuple[str, ...]) -> None:
    done = clone.run(*words)
    assert done.returncode == 0 and "bootstrap.py run" in done.stdout
    assert not (clone.path / ".venv").exists()

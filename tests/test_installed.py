"""The distribution as somebody else installs it: its names, its data, and its peace with a foreign repository.

Under tox this is the built wheel. An editable installation has no files of its own, so there most of this is skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path, PurePosixPath

import pytest

import gbcs

PACKAGES = {"emulator", "firmware_profiles", "gbcs", "rigs", "tools"}
DATA_SUFFIXES = {".csv", ".html", ".j2", ".toml"}
SOURCES = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def files() -> set[PurePosixPath]:
    """The files of the installed wheel, relative to site-packages."""
    try:
        installed = distribution("meterfarm")
    except PackageNotFoundError:
        pytest.skip("meterfarm is not installed: these tests are for tox")
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        pytest.skip("an editable installation: these tests are for the built wheel (tox)")
    return {PurePosixPath(str(file)) for file in installed.files or () if file.suffix != ".pyc"}


def meterfarm(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The installed command, in a plain environment."""
    return _run([str(Path(sys.executable).with_name("meterfarm")), *arguments], cwd)


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python as a foreign repository runs it: its own directory comes first."""
    return _run([sys.executable, "-c", code], cwd)


def _run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSAFEPATH"}}
    return subprocess.run(command, check=False, cwd=cwd, env=plain, capture_output=True, text=True, timeout=60)


def _sources(suffixes: set[str]) -> set[PurePosixPath]:
    return {
        PurePosixPath(path.relative_to(SOURCES).as_posix())
        for package in PACKAGES
        for path in (SOURCES / package).rglob("*")
        if path.suffix in suffixes and "__pycache__" not in path.parts
    }


def test_the_top_level_names_are_the_five_packages(files: set[PurePosixPath]) -> None:
    top = {file.parts[0] for file in files if file.parts[0] != ".."}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert len(top) == len(PACKAGES) + 1


def test_every_module_and_nothing_else_is_installed(files: set[PurePosixPath]) -> None:
    installed = {file for file in files if file.suffix == ".py"}
    assert installed == _sources({".py"}) - {PurePosixPath("tools/bootstrap.py")}
    # The example suite is shipped; tests of our own are not.
    ours = {file for file in installed if file.parts[:2] != ("rigs", "examples")}
    assert not any(part.startswith("test") for file in ours for part in file.parts)


def test_every_data_file_is_installed(files: set[PurePosixPath]) -> None:
    data = {file for file in files if file.suffix in DATA_SUFFIXES}
    assert data == _sources(DATA_SUFFIXES)
    assert PurePosixPath("gbcs/catalogue.csv") in data and PurePosixPath("emulator/scenarios/default.toml") in data


def test_the_packages_say_that_they_are_typed(files: set[PurePosixPath]) -> None:
    assert {file.parts[0] for file in files if file.name == "py.typed"} == PACKAGES


def test_the_licence_travels_with_the_wheel(files: set[PurePosixPath]) -> None:
    assert [file.name for file in files if "licenses" in file.parts] == ["LICENSE"]


def test_what_is_imported_is_what_is_installed(files: set[PurePosixPath], tmp_path: Path) -> None:
    assert not Path(gbcs.__file__).is_relative_to(SOURCES / "gbcs")
    assert "tools/cli.py" in map(str, files)


def test_the_command_works_away_from_the_sources(tmp_path: Path) -> None:
    done = meterfarm("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, f"meterfarm {version('meterfarm')}")


@pytest.fixture(params=["package", "plain directory"])
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A repository with ``tools`` of its own, a package or just a directory of modules."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "mine.py").write_text("ANSWER = 42\n")
    if request.param == "package":
        (tmp_path / "tools" / "__init__.py").touch()
    (tmp_path / "test_mine.py").write_text(
        "import sys, gbcs, emulator, rigs, firmware_profiles\nfrom tools import mine\n"
        "def test_it():\n    assert mine.ANSWER == 42 and 'tools.cli' not in sys.modules\n"
    )
    return tmp_path


def test_a_foreign_repository_keeps_its_own_tools(foreign: Path) -> None:
    done = python("import gbcs, emulator.esme.esme; from tools.mine import ANSWER; print(ANSWER)", foreign)
    assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr


def test_the_tests_of_a_foreign_repository_find_its_own_tools(foreign: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(foreign)]
    done = _run(command, foreign)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout


def test_the_command_works_in_a_foreign_repository(foreign: Path) -> None:
    done = meterfarm("decode", "--help", cwd=foreign)
    assert done.returncode == 0 and "meterfarm decode" in done.stdout, done.stderr


def test_pytest_finds_the_plugin_by_itself(files: set[PurePosixPath], tmp_path: Path) -> None:
    (tmp_path / "test_meter.py").write_text("def test_it(esme): assert esme.read('ECS17b').values.code == 0\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = _run(command, tmp_path)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout

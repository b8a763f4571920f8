"""The plugin in a repository of somebody else's, which has ``tools`` and ``tests`` packages of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gbcs

PACKAGES = Path(gbcs.__file__).parents[1]


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A lab's repository: a helper in tools, a test beside it in tests."""
    for folder in ("tools", "tests"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "tools" / "lab.py").write_text("TENTH = 0.1\n")
    (tmp_path / "tests" / "test_lab.py").write_text(
        "import sys\n"
        "from tools.lab import TENTH\n"
        "def test_unused(): assert not {'gbcs', 'emulator', 'pydantic', 'numpy'} & set(sys.modules)\n"
        "def test_read(esme, clock):\n"
        "    last = int(clock.now) // 1800 * 1800\n"
        "    assert len(esme.read('ECS22b', last - 47 * 1800, last).values.rows) == 48\n"
        "    assert 'tools.cli' not in sys.modules and sys.modules['tools.lab'].TENTH == TENTH\n"
    )
    return tmp_path


def test_its_own_tools_and_tests_stay_its_own_and_the_fixtures_are_there(foreign: Path) -> None:
    # Its repository comes first on the path, ours stands behind it as an installed package does.
    environment = {**os.environ, "PYTHONPATH": f"{foreign}{os.pathsep}{PACKAGES}"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "rigs.pytest_plugin", "-p", "no:cacheprovider", "-q", "tests"]
    done = subprocess.run(
        command, check=False, cwd=foreign, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr

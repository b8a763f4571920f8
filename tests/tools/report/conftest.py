"""Runs of all kinds, and the page of the finished one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from html_page import Page, read_page

from emulator.run_folder import RunFolder, create
from emulator.store import ResultStore
from tools.report.data import load
from tools.report.model import RunData
from tools.report.page import render

_KILLED = """
import os, sys
from pathlib import Path
from emulator.store import ResultStore
premises = {"csp": ["csp_north"], "wan": ["csp_north_lrr"], "device": ["d0"], "granularity": ["half_hourly"]}
store = ResultStore(Path(sys.argv[1]), premises, block_reads=10)
for number in range(25):
    store.add_read(
        number, "4.8.1", "ECS22b", "IS", "alder_energy", 0, "import", "scheduled", True, "D+1", 0.0, 1800.0, 86400.0,
        90000.0, 90000.5, 90007.0, 86400.0, 7.0, True, 1, "answered", "", "", 100, 500, 48,
    )
os._exit(9)
"""


@pytest.fixture(scope="session")
def finished_data(finished_run: RunFolder) -> RunData:
    """What a finished run holds."""
    return load(finished_run.path)


@pytest.fixture(scope="session")
def finished_page(finished_data: RunData) -> Page:
    """The page of a finished run, taken apart."""
    return read_page(render(finished_data))


@pytest.fixture
def empty_run(tmp_path: Path) -> RunFolder:
    """A run that was interrupted before its first read; its summary holds nothing but the status."""
    run = create(tmp_path, 'name = "default"\nkey_seed = 98765\n', started=datetime(2026, 11, 24, tzinfo=UTC))
    with ResultStore(
        run.path,
        {"csp": ["csp_north"], "wan": ["csp_north_lrr"], "device": np.array(["d0"]), "granularity": ["half_hourly"]},
    ):
        run.write_summary({}, status="interrupted")
    return run


@pytest.fixture
def killed_run(tmp_path: Path) -> RunFolder:
    """A run killed after 25 reads, of which two blocks of ten had been written."""
    run = create(tmp_path, 'name = "default"\n', started=datetime(2026, 11, 24, tzinfo=UTC))
    run.write_summary({"scenario": "default", "seed": 1}, status="running")
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(run.path)], check=False)
    assert killed.returncode == 9
    return run

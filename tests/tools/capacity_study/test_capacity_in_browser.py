"""The study in a real browser: every picture is drawn, and nothing complains."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from html_page import read_page
from shell import meterfarm

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--enable-logging=stderr", "--virtual-time-budget=20000",
)  # fmt: skip


def test_every_picture_is_drawn_and_the_console_is_silent(tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        pytest.skip(f"none of {', '.join(_BROWSERS)} is installed")
    made = meterfarm(
        "capacity",
        "--premises",
        "0",
        "--samples",
        "5000",
        "--part",
        "0.0001",
        "--engine",
        "here",
        "--into",
        str(tmp_path),
        "--json",
    ).json()
    done = subprocess.run(
        [browser, *_QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", Path(made["study"]).as_uri()],
        capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    page = read_page(done.stdout)
    drawn = page.classes("js-plotly-plot")
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    assert ("html", str(drawn)) in [(tag, attributes.get("data-drawn")) for tag, attributes in page.tags]
    assert drawn == page.classes("plot") >= 14

"""The page in a real browser: the pictures are drawn, and nothing complains."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from html_page import Page, read_page

from emulator.run_folder import RunFolder
from tools.report.page import write_report

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--enable-logging=stderr",
    "--virtual-time-budget=20000",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> str:
    """A Chromium, or the test is skipped."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(_BROWSERS)} is installed")
    return found


def opened(browser: str, page: Path, profile: Path) -> tuple[Page, list[str]]:
    """The page after its scripts ran, and what they wrote to the console."""
    done = subprocess.run(
        [browser, *_QUIET, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    return read_page(done.stdout), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_every_picture_is_drawn_and_the_console_is_silent(
    browser: str, finished_run: RunFolder, tmp_path: Path
) -> None:
    page, console = opened(browser, write_report(finished_run.path), tmp_path)
    assert console == []
    assert ("html", "5") in [(tag, attributes.get("data-drawn")) for tag, attributes in page.tags]
    assert page.classes("js-plotly-plot") == 5
    assert page.classes("main-svg") >= 5 and page.classes("point") > 100
    assert "csp_north MHHS 08:00 to 20:00" in page.text
    assert "missing at the meter: the meter's log holds no row" in page.text


def test_what_the_page_would_load_from_elsewhere_is_refused(browser: str, empty_run: RunFolder, tmp_path: Path) -> None:
    html = write_report(empty_run.path).read_text(encoding="utf-8")
    planted = tmp_path / "planted.html"
    planted.write_text(html.replace("<main>", '<main><img src="http://127.0.0.1:9/x.png">'), encoding="utf-8")
    _, console = opened(browser, planted, tmp_path / "profile")
    assert any("Content Security Policy" in line for line in console)

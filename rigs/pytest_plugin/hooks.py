"""Hooks: options, markers, the line in the header, and the skipping of tests on a broken rig."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rigs.pytest_plugin import markers, options
from rigs.pytest_plugin.options import Options
from rigs.pytest_plugin.session import SESSION

OURS = frozenset(("clock", "comms_hub", "esme", "head_end", "rig"))
"""The fixtures that stand on a rig, where there is one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; check the options, so that a slip is said before a test runs. Raises UsageError."""
    for line in markers.LINES:
        config.addinivalue_line("markers", line)
    if Options.of(config).are_given:
        # Whoever gives no option pays for no import.
        from rigs.pytest_plugin.checking import check  # noqa: PLC0415

        check(Options.of(config))


def pytest_report_header(config: pytest.Config) -> str | None:
    """Which rig, firmware and seed; nothing where no option was given."""
    asked = Options.of(config)
    if not asked.are_given:
        return None
    where = f"rig {asked.rig}" if asked.rig else f"emulator, seed {asked.seed}"
    return f"meterfarm: {where}" + (f", firmware {asked.profile}" if asked.profile else "")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let markers skip tests, or expect them to fail. Raises UsageError for a marker with a wrong name."""
    marked = [item for item in items if markers.has_any(item)]
    if marked:
        from rigs.pytest_plugin.marking import apply  # noqa: PLC0415

        apply(Options.of(config), marked)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip on a rig that broke before, with the first cause."""
    session = item.config.stash.get(SESSION, None)
    if session is not None and session.broken and OURS & set(getattr(item, "fixturenames", ())):
        pytest.skip(f"{session.label} is broken: {session.broken}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell the session how each test ended."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    session = item.config.stash.get(SESSION, None)
    if session is not None and OURS & set(getattr(item, "fixturenames", ())):
        session.ended(report, call.excinfo.value if call.excinfo is not None else None)
    return report  # type: ignore[return-value]

"""The fixtures. Whatever they need is imported by the first one that is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from rigs.pytest_plugin.options import Options
from rigs.pytest_plugin.session import SESSION, Session

if TYPE_CHECKING:
    from rigs.pytest_plugin.farm_runs import FarmRuns
    from rigs.pytest_plugin.stands import Stand
    from rigs.pytest_plugin.under_test import BenchClock, DeviceUnderTest, EsmeUnderTest, HeadEnd


@pytest.fixture(scope="session")
def meterfarm_session(pytestconfig: pytest.Config, record_testsuite_property: Any) -> Iterator[Session]:
    """The session's rig, leased and brought up, or the emulator; its particulars go into the JUnit report."""
    from rigs.pytest_plugin.stands import begin  # noqa: PLC0415

    session = begin(Options.of(pytestconfig))
    pytestconfig.stash[SESSION] = session
    try:
        session.bring_up()
        for name, value in session.properties().items():
            record_testsuite_property(name, value)
        yield session
    finally:
        session.end()


@pytest.fixture
def meterfarm_stand(meterfarm_session: Any, request: pytest.FixtureRequest) -> Stand:
    """What one test stands at: a fresh emulated meter, or the rig."""
    stand: Stand = meterfarm_session.stand(request.node)
    return stand


@pytest.fixture
def clock(meterfarm_stand: Stand) -> BenchClock:
    """The time of the device's world: virtual on the emulator, real on a rig."""
    return meterfarm_stand.clock


@pytest.fixture
def head_end(meterfarm_stand: Stand) -> HeadEnd:
    """Builds commands for the meter and opens its answers."""
    return meterfarm_stand.head_end


@pytest.fixture
def esme(meterfarm_stand: Stand, request: pytest.FixtureRequest) -> EsmeUnderTest:
    """The electricity meter: emulated, fresh for each test, or the one on the rig."""
    meter = meterfarm_stand.esme()
    request.node.user_properties += meter.properties()
    return meter


@pytest.fixture
def comms_hub(meterfarm_stand: Stand, request: pytest.FixtureRequest) -> DeviceUnderTest:
    """The comms hub function: emulated, fresh for each test, or the one on the rig."""
    hub = meterfarm_stand.comms_hub()
    request.node.user_properties += hub.properties()
    return hub


@pytest.fixture(scope="session")
def rig(meterfarm_session: Any, request: pytest.FixtureRequest) -> Any:
    """The leased rig: its file, its device, its keys and users. Skips on the emulator."""
    if not meterfarm_session.is_rig:
        pytest.skip("needs a rig: pytest --meterfarm-rig NAME")
    meterfarm_session.stand(request.node)
    return meterfarm_session.rig


@pytest.fixture
def farm(pytestconfig: pytest.Config, tmp_path: Any) -> FarmRuns:
    """Whole runs of emulated farms in virtual time, over modelled networks."""
    from rigs.pytest_plugin.farm_runs import FarmRuns  # noqa: PLC0415

    return FarmRuns(Options.of(pytestconfig), tmp_path)

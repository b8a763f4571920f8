"""A rig in a labgrid environment, with the real library: a target whose driver leases, reads and switches.

Runs where LABGRID_BIN names the programs of an environment that holds labgrid and what meterfarm needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w
from shell import meterfarm

from gbcs import eui64
from tools.emulate_esme import FIRST_METER

PYTHON = Path(os.environ.get("LABGRID_BIN", "")) / "python"
READY = "import labgrid, rigs.labgrid_driver"
HAS_LABGRID = (
    bool(os.environ.get("LABGRID_BIN"))
    and subprocess.run([str(PYTHON), "-c", READY], check=False, capture_output=True).returncode == 0
)

TESTS = """
import pytest
from labgrid import Environment
from rigs.leases import Refused

def test_meter(tmp_path):
    target = Environment("lab.yaml").get_target("main")
    meter = target.get_driver("MeterfarmRigDriver", activate=False)
    target.activate(meter)
    reading = meter.read("ECS17b", "IS")
    assert reading.values.code == 0 and reading.values.registers
    meter.on()
    other = Environment("lab.yaml").get_target("main")
    with pytest.raises(Refused):
        other.activate(other.get_driver("MeterfarmRigDriver", activate=False))
    target.deactivate(meter)
    target.activate(meter)
    assert meter.read("ECS17b", "IS").values.code == 0
    target.deactivate(meter)
"""


@pytest.mark.long
@pytest.mark.skipif(not HAS_LABGRID, reason="no environment that holds labgrid (LABGRID_BIN names its programs)")
def test_a_target_of_labgrid_leases_reads_and_gives_back_a_rig(tmp_path: Path) -> None:
    assert meterfarm("keys", "new", str(tmp_path / "keys")).code == 0
    bench = tmp_path / "bench"
    bench.mkdir()
    rig = {
        "name": "bench-3",
        "device": {"kind": "esme", "eui64": eui64.show(FIRST_METER), "keys": str(tmp_path / "keys"), "emulated": True},
        "link": {"kind": "gfi", "port": str(tmp_path / "esme")},
    }
    (bench / "bench-3.toml").write_text(tomli_w.dumps(rig))
    (tmp_path / "lab.yaml").write_text(
        "imports: [rigs.labgrid_driver]\ntargets:\n  main:\n    resources:\n"
        "      MeterfarmRig: {rig: bench-3, folder: bench}\n    drivers:\n      MeterfarmRigDriver: {}\n"
    )
    (tmp_path / "test_meter.py").write_text(TESTS)
    emulate = "import sys; from tools.cli import main; sys.exit(main())"
    arguments = [sys.executable, "-uc", emulate, "emulate", "esme", "--gfi", f"pty:{tmp_path / 'esme'}"]
    with subprocess.Popen([*arguments, "--keys", str(tmp_path / "keys")], stdout=subprocess.PIPE, text=True) as meter:
        try:
            assert meter.stdout is not None and meter.stdout.readline().startswith("listening on")
            ended = subprocess.run(
                [str(PYTHON), "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_meter.py")],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr
        finally:
            meter.terminate()
    assert not (bench / ".state" / "bench-3.lease.json").exists()

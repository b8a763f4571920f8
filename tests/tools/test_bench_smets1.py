"""``meterfarm bench smets1``: both servers are read by one client, and scripts get what they are promised."""

from __future__ import annotations

import pytest
from shell import meterfarm

from tools.benchmarks.smets1 import MODES
from tools.peers.running import PYTHON, installed

PEER = "pydlms-client"
needs_peer = pytest.mark.skipif(not installed(PEER), reason=f"{PEER} is not installed: nothing to measure beside")


@needs_peer
def test_every_figure_that_scripts_are_promised() -> None:
    found = meterfarm("bench", "smets1", "--rounds", "1", "--json").json()
    assert set(found["modes"]) == set(MODES) == {"plain", "gmac", "pdu_512", "hdlc_128"}
    for mode in found["modes"].values():
        assert set(mode) == {"server_cpu_ms", "peer_cpu_ms", "ratio"}
        assert mode["ratio"] == pytest.approx(mode["server_cpu_ms"] / mode["peer_cpu_ms"], rel=0.02)
    assert found["encode_rows_per_s"] > 0 < found["decode_rows_per_s"]
    assert set(found["peers"][PEER]) == {"encode_rows_per_s", "decode_rows_per_s"}


def test_without_the_peer_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    installed.cache_clear()
    monkeypatch.setenv(PYTHON, "/bin/false")
    ended = meterfarm("bench", "smets1", "--json")
    installed.cache_clear()
    assert ended.code == 2 and "meterfarm[peers]" in ended.err.splitlines()[-1]

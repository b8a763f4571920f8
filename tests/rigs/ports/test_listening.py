"""What others open: what cannot be listened on is said."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from gbcs.errors import LocalError
from rigs.errors import PortLost
from rigs.ports.listening import listen
from rigs.ports.port import Port


async def nobody(port: Port) -> None:
    raise AssertionError("nobody called")


@pytest.mark.parametrize("url", ["", "udp://127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:70000", "/dev/ttyUSB0"])
def test_what_is_nothing_to_listen_on_is_named(url: str) -> None:
    with pytest.raises(LocalError, match="is nothing to listen on"):
        asyncio.run(listen(url, nobody))


def test_a_port_in_use_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortLost, match="cannot be listened on"):
            asyncio.run(listen(f"tcp://127.0.0.1:{port}", nobody))


def test_a_file_is_not_replaced_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(LocalError, match="is there already"):
        asyncio.run(listen(f"pty:{tmp_path / 'file'}", nobody))
    with pytest.raises(LocalError, match="no link can be made there"):
        asyncio.run(listen(f"pty:{tmp_path / 'no' / 'folder'}", nobody))

"""Ports over real terminals and sockets: bytes both ways, exclusive, lost in every way that a bench knows."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial
from pty_pair import OneByte, joined_ports, pty_pair, read_exactly
from serial import rfc2217

from gbcs.errors import LocalError
from rigs.errors import PortLost
from rigs.ports import LineSettings, Port, TraceFile, open_port
from rigs.ports.serial_line import keep_others_out

EVERY_BYTE = bytes(range(256)) * 40


def run(session: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(30):
            return await session()

    return asyncio.run(limited())


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, f"socket://127.0.0.1:{server.getsockname()[1]}"


def another_process(code: str, *arguments: str) -> str:
    """What a program prints."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True).stdout


async def crossed(one: Port, other: Port, data: bytes) -> bytes:
    """What arrives at ``other`` of what ``one`` writes."""
    async with asyncio.TaskGroup() as tasks:
        arrived = tasks.create_task(read_exactly(other, len(data)))
        tasks.create_task(one.write(data))
    return arrived.result()


def test_every_byte_crosses_a_terminal_both_ways_whole_and_one_at_a_time() -> None:
    async def session() -> None:
        async with joined_ports() as (device, ours):
            assert await crossed(ours, device, EVERY_BYTE) == EVERY_BYTE
            assert await crossed(device, ours, EVERY_BYTE) == EVERY_BYTE
            assert await crossed(OneByte(device), OneByte(ours), EVERY_BYTE[:512]) == EVERY_BYTE[:512]

    run(session)


def test_a_link_stays_the_same_name_and_goes_with_the_port(tmp_path: Path) -> None:
    link = tmp_path / "dongle"

    async def session() -> None:
        for word in (b"one", b"two"):
            async with joined_ports(link) as (device, ours):
                assert (device.url, ours.url) == (f"pty:{link}", str(link))
                assert await crossed(device, ours, word) == word
            assert not link.is_symlink()

    run(session)


def test_a_link_left_by_a_killed_process_is_taken_over_and_a_file_is_not(tmp_path: Path) -> None:
    link, file = tmp_path / "dongle", tmp_path / "file"
    link.symlink_to("/dev/pts/99999")
    file.write_text("precious")

    async def session() -> None:
        async with joined_ports(link) as (device, ours):
            assert await crossed(device, ours, b"hello") == b"hello"
            with pytest.raises(PortLost, match=r"is in use by .*process \d+"):
                await open_port(f"pty:{link}")
        with pytest.raises(LocalError, match="no link"):
            await open_port(f"pty:{file}")

    run(session)
    assert file.read_text() == "precious"


def test_a_socket_carries_every_byte() -> None:
    async def session() -> None:
        with listening() as (server, url):
            port = await open_port(url)
            peer, _ = server.accept()
            with peer:
                await port.write(EVERY_BYTE[:1000])
                assert peer.recv(1000, socket.MSG_WAITALL) == EVERY_BYTE[:1000]
                peer.sendall(EVERY_BYTE)
                assert await read_exactly(port, len(EVERY_BYTE)) == EVERY_BYTE
                await port.configure(LineSettings(300))  # no line there: nothing happens
            with pytest.raises(PortLost, match="other end is gone") as caught:
                await port.read()
            assert isinstance(caught.value.__cause__, EOFError)
            await port.close()

    run(session)


def test_more_than_the_kernel_holds_waits_for_a_slow_reader() -> None:
    """5 MB into a socket whose reader sleeps: the writer waits, nothing is lost, reading ahead stops at its limit."""

    async def session() -> None:
        with listening() as (server, url):
            port = await open_port(url)
            peer, _ = server.accept()
            peer.setblocking(False)
            data = os.urandom(5_000_000)
            sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(peer, data))
            first = await port.read(1)
            assert not sending.done()
            assert first + await read_exactly(port, len(data) - 1) == data
            await sending
            peer.close()
            await port.close()

    run(session)


# ---------------------------------------------------------------------- RFC 2217, pyserial's own server as the peer


class Line(serial.Serial):
    """A terminal has no modem lines and no form of a character; pyserial's server asks for both."""

    cts = dsr = ri = cd = False

    def _update_rts_state(self) -> None: ...

    def _update_dtr_state(self) -> None: ...

    def _reconfigure_port(self, force_update: bool = False) -> None:
        form = self._bytesize, self._parity
        self._bytesize, self._parity = 8, "N"
        super()._reconfigure_port(force_update)
        self._bytesize, self._parity = form


class TerminalServer:
    """pyserial's PortManager between one TCP connection and a serial device."""

    def __init__(self, device: str) -> None:
        self.serial = Line(device, timeout=0.05)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        self.connection, _ = self.listener.accept()
        manager = rfc2217.PortManager(self.serial, self)
        outward = threading.Thread(target=self._outward, args=(manager,), daemon=True)
        outward.start()
        try:
            while data := self.connection.recv(1024):
                self.serial.write(b"".join(manager.filter(data)))
        except OSError:
            pass

    def _outward(self, manager: rfc2217.PortManager) -> None:
        try:
            while True:
                if data := self.serial.read(256):
                    self.write(b"".join(manager.escape(data)))
        except (OSError, TypeError):
            pass

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.thread.join()
        self.connection.close()
        self.listener.close()
        self.serial.close()


def test_a_terminal_server_carries_bytes_and_line_settings_and_its_end_is_one_error() -> None:
    async def session() -> None:
        with pty_pair() as pair:
            server = TerminalServer(pair.path)
            port = await open_port(server.url, line=LineSettings(baud=300, data_bits=7, parity="even"))
            assert (server.serial.baudrate, server.serial.bytesize, server.serial.parity) == (300, 7, "E")
            await port.write(EVERY_BYTE[:256])
            assert os.read(pair.near, 256) == EVERY_BYTE[:256]
            os.write(pair.near, EVERY_BYTE[:256])
            assert await read_exactly(port, 256) == EVERY_BYTE[:256]
            await port.configure(LineSettings(baud=9600))
            assert (server.serial.baudrate, server.serial.bytesize, server.serial.parity) == (9600, 8, "N")
            waiting = asyncio.create_task(port.read())
            await asyncio.sleep(0)
            server.hang_up()
            with pytest.raises(PortLost, match="is lost") as caught:
                await waiting
            assert caught.value.__cause__ is not None
            await port.close()
            server.close()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("reader of")]

    run(session)


# ---------------------------------------------------------------------- lost


def test_an_unplugged_device_ends_a_waiting_read_and_a_later_write() -> None:
    async def session() -> None:
        with pty_pair() as pair:
            port = await open_port(pair.path)
            os.write(pair.near, b"last words")
            assert await port.read() == b"last words"
            waiting = asyncio.create_task(port.read())
            await asyncio.sleep(0)
            pair.unplug()
            with pytest.raises(PortLost, match="is lost") as caught:
                await waiting
            assert caught.value.__cause__ is not None
            with pytest.raises(PortLost) as again:
                await port.write(b"anybody?")
            assert again.value.__cause__ is caught.value.__cause__
            await port.close()

    run(session)


def test_what_arrived_before_the_loss_is_still_read() -> None:
    async def session() -> None:
        with listening() as (server, url):
            port = await open_port(url)
            peer, _ = server.accept()
            peer.sendall(b"the last answer")
            peer.close()
            assert await read_exactly(port, 15) == b"the last answer"
            with pytest.raises(PortLost):
                await port.read()
            await port.close()

    run(session)


def test_a_write_that_a_hung_peer_does_not_take_can_be_given_up() -> None:
    """The peer reads nothing: the kernel's buffer fills, the deadline ends the write, close does not hang."""

    async def session() -> None:
        with pty_pair() as pair:
            port = await open_port(pair.path)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await port.write(bytes(1_000_000))
            await port.close()
            await port.close()
            with pytest.raises(PortLost, match="is closed"):
                await port.read()
            with pytest.raises(PortLost, match="is closed"):
                await port.write(b"x")

    run(session)


def test_close_ends_a_waiting_read_and_a_waiting_write() -> None:
    async def session() -> None:
        with pty_pair() as pair:
            port = await open_port(pair.path)
            reading = asyncio.create_task(port.read())
            writing = asyncio.create_task(port.write(bytes(1_000_000)))
            await asyncio.sleep(0)
            await port.close()
            for task in (reading, writing):
                with pytest.raises(PortLost):
                    await task

    run(session)


# ---------------------------------------------------------------------- exclusive


def test_a_second_user_is_refused_in_this_process_and_from_another_and_let_in_afterwards(tmp_path: Path) -> None:
    async def session() -> None:
        with pty_pair() as pair:
            link = tmp_path / "by-id"
            link.symlink_to(pair.path)
            port = await open_port(pair.path)
            with pytest.raises(PortLost, match=rf"in use by .*process {os.getpid()}"):
                await open_port(str(link))
            code = (
                "import asyncio, sys; from rigs.ports import open_port\n"
                "try: asyncio.run(open_port(sys.argv[1]))\nexcept Exception as error: print(error)"
            )
            other = await asyncio.to_thread(another_process, code, pair.path)
            assert f"process {os.getpid()}" in other
            with pytest.raises(serial.SerialException):
                serial.Serial(pair.path, exclusive=True)
            await port.close()
            await (await open_port(str(link))).close()

    run(session)


def test_a_folder_of_locks_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locks").touch()
    monkeypatch.setenv("METERFARM_LOCKS", str(tmp_path / "locks"))
    with (
        pty_pair() as pair,
        pytest.raises(PortLost, match=r"cannot be locked: .*Not a directory \(METERFARM_LOCKS names"),
    ):
        run(lambda: open_port(pair.path))


def test_a_device_that_another_program_has_locked_is_refused() -> None:
    async def session() -> None:
        with pty_pair() as pair:
            held = serial.Serial(pair.path, exclusive=True)
            with pytest.raises(PortLost, match="in use by another program") as caught:
                await open_port(pair.path)
            assert isinstance(caught.value.__cause__, serial.SerialException)
            held.close()
            await (await open_port(pair.path)).close()

    run(session)


def test_a_socket_has_one_user_too() -> None:
    async def session() -> None:
        with listening() as (_, url):
            port = await open_port(url)
            for same in (url, url.replace("socket", "rfc2217")):
                with pytest.raises(PortLost, match="in use by"):
                    await open_port(same)
            await port.close()
            await (await open_port(url)).close()

    run(session)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can look at it as somebody else")
@pytest.mark.parametrize(("device", "said"), [("/dev/ttyUSB0", "Device or resource busy"), ("/dev/pts/7", "open")])
def test_the_kernel_keeps_a_plain_open_of_another_user_out_of_a_device_and_not_of_a_terminal(
    device: str, said: str
) -> None:
    """A colleague's terminal program asks for no lock. The terminal stands for the device, which is not there."""
    with pty_pair() as pair:
        Path(pair.path).chmod(0o666)
        keep_others_out(pair.far, Path(device))
        arguments = ["/bin/sh", "-c", 'exec 3<>"$0"; echo open', pair.path]
        ended = subprocess.run(arguments, user=65_534, capture_output=True, text=True, check=False, cwd="/")
        assert said in ended.stdout + ended.stderr


# ---------------------------------------------------------------------- wrong


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ttyUSB0",
        "http://x:1",
        "socket://host",
        "socket://:1",
        "socket://h:0",
        "socket://h:65536",
        "socket://h:1/path",
        "rfc2217://h:1?logging=debug",
        "pty://x",
        "/dev/ttyUSB0#x",
        "socket:h:1",
    ],
)
def test_a_malformed_url_is_the_callers_fault_and_lists_the_forms(url: str) -> None:
    with pytest.raises(LocalError, match=r"is no port \(allowed: /dev/serial/by-id/NAME, .*pty:LINK\)"):
        run(lambda: open_port(url))


def test_what_cannot_be_opened_says_why_and_keeps_the_cause(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    for url, text in (
        (str(tmp_path / "ttyUSB7"), "nothing of that name is plugged in"),
        (f"socket://127.0.0.1:{free}", "nobody listens there"),
        (f"rfc2217://127.0.0.1:{free}", "cannot be opened"),
    ):
        with pytest.raises(PortLost, match=text) as caught:
            run(lambda url=url: open_port(url))
        assert caught.value.__cause__ is not None and url in str(caught.value)


def test_a_file_is_no_serial_device_and_a_line_cannot_be_of_any_speed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="no serial device"):
        run(lambda: open_port(str(tmp_path / "file")))
    with pty_pair() as pair, pytest.raises(LocalError, match="line settings"):
        run(lambda: open_port(pair.path, line=LineSettings(baud=-1)))


@pytest.mark.parametrize("line", [LineSettings(300, 7, "even"), LineSettings(9600, 8, "odd", 2), LineSettings(2400)])
def test_a_terminal_takes_any_form_of_a_character_again_and_again(line: LineSettings) -> None:
    """It has none of its own, and the system's library refuses some of them on it, now and then."""

    async def session() -> None:
        with pty_pair() as pair:
            port = await open_port(pair.path, line=line)
            for _ in range(3):
                await port.configure(LineSettings(9600))
                await port.configure(line)
            await port.write(b"\xff\x81")
            assert os.read(pair.near, 2) == b"\xff\x81"
            await port.close()

    run(session)


# ---------------------------------------------------------------------- one of several lines of an adapter


BY_PATH = (
    "pci-0000:00:14.0-usb-0:2:1.0-port0",
    "pci-0000:00:14.0-usb-0:2:1.1-port0",
    "pci-0000:00:14.0-usb-0:2.1:1.0-port0",
    "usb-FTDI_Quad_RS232-HS-if00-port0",
    "usb-FTDI_Quad_RS232-HS-if01-port0",
    "usb-Two_Lines-if00-port0",
    "usb-Two_Lines-if00-port1",
)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("pci-0000:00:14.0-usb-0:2#0", BY_PATH[0]),
        ("pci-0000:00:14.0-usb-0:2#1", BY_PATH[1]),
        ("pci-0000:00:14.0-usb-0:2.1#0", BY_PATH[2]),
        ("usb-FTDI_Quad_RS232-HS#1", BY_PATH[4]),
    ],
)
def test_a_path_and_an_interface_number_name_one_line(tmp_path: Path, name: str, wanted: str) -> None:
    async def session() -> None:
        with pty_pair() as right, pty_pair() as wrong:
            for one in BY_PATH:
                (tmp_path / one).symlink_to(right.path if one == wanted else wrong.path)
            port = await open_port(f"{tmp_path}/{name}")
            os.write(right.near, b"here")
            assert await port.read() == b"here"
            await port.close()

    run(session)


def test_an_interface_that_is_not_there_or_has_two_lines_is_named(tmp_path: Path) -> None:
    for one in BY_PATH:
        (tmp_path / one).symlink_to("/dev/null")
    with pytest.raises(PortLost, match="nothing with interface 3 is plugged in"):
        run(lambda: open_port(f"{tmp_path}/usb-FTDI_Quad_RS232-HS#3"))
    with pytest.raises(LocalError, match="usb-Two_Lines-if00-port0, usb-Two_Lines-if00-port1"):
        run(lambda: open_port(f"{tmp_path}/usb-Two_Lines#0"))


# ---------------------------------------------------------------------- idle, traced


class Counting(selectors.DefaultSelector):
    """Counts how often the loop looked for something to do."""

    looks = 0

    def select(self, timeout: float | None = None) -> Any:
        self.looks += 1
        return super().select(timeout)


def test_an_idle_port_is_waited_for_without_threads_and_without_polling() -> None:
    selector, earlier = Counting(), set(threading.enumerate())

    async def session() -> None:
        async with joined_ports() as (_, ours):
            waiting = asyncio.create_task(ours.read())
            await asyncio.sleep(0)
            before = selector.looks
            await asyncio.wait([waiting], timeout=0.2)
            looks, threads = selector.looks - before, set(threading.enumerate()) - earlier
            waiting.cancel()
            assert looks <= 5 and not threads

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(session())


def test_a_trace_holds_every_byte_with_times_that_rise_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "traces" / "bench-3.jsonl"

    async def session() -> None:
        with pty_pair() as pair, TraceFile(file) as trace:
            port = await open_port(pair.path, trace=trace)
            await port.write(b"\x1a\xc0\x38\xbc\x7e")
            os.write(pair.near, b"\x1a\xc1")
            assert await read_exactly(port, 2) == b"\x1a\xc1"
            pair.unplug()
            with pytest.raises(PortLost):
                await port.read()
            await port.close()

    run(session)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    said = [(line.get("direction"), line.get("hex", line.get("note", ""))) for line in lines]
    assert said[:3] == [(None, "opened"), ("tx", "1ac038bc7e"), ("rx", "1ac1")]
    assert said[3][1].startswith("lost: ") and said[-1] == (None, "closed")
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

"""A serial device of this machine, opened by pyserial, watched by the loop."""

from __future__ import annotations

import fcntl
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import serial

from gbcs.errors import LocalError
from rigs.files import FileLock
from rigs.ports.address import Address, device_file
from rigs.ports.descriptor import DescriptorPort
from rigs.ports.locks import lock_port
from rigs.ports.off_loop import off_loop
from rigs.ports.port import LineSettings
from rigs.ports.trace import Trace

_PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_PSEUDO = "/dev/pts/"


def settings(line: LineSettings) -> dict[str, Any]:
    """The settings of a line in pyserial's names."""
    return {
        "baudrate": line.baud,
        "bytesize": line.data_bits,
        "parity": _PARITIES[line.parity],
        "stopbits": line.stop_bits,
        "rtscts": line.flow_control == "hardware",
        "xonxoff": line.flow_control == "software",
    }


async def open_serial(address: Address, line: LineSettings, trace: Trace | None) -> DescriptorPort:
    """Open a device for us alone. Raises OSError, PortLost, or LocalError for a path or speed that can never work."""
    opened, lock = await off_loop(lambda: _open(address, line), _give_back)

    def settle(wanted: LineSettings) -> None:
        with _termios_errors(), unusable(address.url):
            opened.flush()
            for name, value in _fitting(Path(str(opened.port)), wanted).items():
                setattr(opened, name, value)

    return DescriptorPort(address.url, opened.fileno(), lambda: _give_back((opened, lock)), settle, trace)


def _open(address: Address, line: LineSettings) -> tuple[serial.Serial, FileLock]:
    path = device_file(address)
    real = path.resolve()
    if path.exists() and not real.is_char_device():
        raise LocalError(f"{address.url} is no serial device")
    lock = lock_port(address.url, str(real))
    opened = serial.Serial(timeout=0, exclusive=True)
    opened.port = str(real)
    try:
        with _termios_errors(), unusable(address.url):
            for name, value in _fitting(real, line).items():
                setattr(opened, name, value)
            opened.open()
            keep_others_out(opened.fileno(), real)
    except BaseException:
        opened.close()
        lock.release()
        raise
    return opened, lock


@contextmanager
def _termios_errors() -> Iterator[None]:
    """Raises OSError for what the system's terminal calls raise, which is none."""
    try:
        yield
    except termios.error as error:
        raise OSError(*error.args) from error


@contextmanager
def unusable(url: str) -> Iterator[None]:
    """Raises LocalError for settings that a line cannot have."""
    try:
        yield
    except ValueError as error:
        raise LocalError(f"{url} cannot have these line settings: {error}") from None


def _fitting(path: Path, line: LineSettings) -> dict[str, Any]:
    """The settings that a device can have: a pseudo-terminal has a speed, but no form of a character.

    The system's library says so now and then, with an error that depends on the settings before.
    """
    wanted = settings(line)
    return {"baudrate": wanted["baudrate"]} if _is_pseudo(path) else wanted


def _is_pseudo(path: Path) -> bool:
    return str(path).startswith(_PSEUDO)


def keep_others_out(descriptor: int, path: Path) -> None:
    """Let the kernel refuse a plain open, which flock would let through (root passes all the same).

    A pseudo-terminal would stay shut after us for as long as its other end lives, so it is left out.
    """
    if not _is_pseudo(path):
        fcntl.ioctl(descriptor, termios.TIOCEXCL)


def _give_back(held: tuple[serial.Serial, FileLock]) -> None:
    opened, lock = held
    try:
        opened.close()
    finally:
        lock.release()

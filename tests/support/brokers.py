"""MQTT brokers on loopback: Mosquitto, the real one, and amqtt inside the test's own loop."""

from __future__ import annotations

import asyncio
import getpass
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rigs.broker import embedded_broker
from rigs.mqtt import Broker

KINDS = ("amqtt", "mosquitto")


@asynccontextmanager
async def broker(kind: str) -> AsyncIterator[Broker]:
    """A broker that lasts as long as the context. Skips, saying so, where Mosquitto is not installed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with embedded_broker("127.0.0.1", port) if kind == "amqtt" else _mosquitto(port):
        yield Broker("127.0.0.1", port)


@asynccontextmanager
async def guarded_broker(folder: Path) -> AsyncIterator[Broker]:
    """Mosquitto with TLS and a password; the certificate and the password file are in ``folder``."""
    certificate, key = self_signed(folder)
    secret = folder / "secret"
    secret.write_text("bench:opensesame\n")
    secret.chmod(0o600)
    hashed = folder / "hashed"
    hashed.write_text(secret.read_text())
    hashed.chmod(0o600)
    program = shutil.which("mosquitto_passwd") or pytest.skip("mosquitto_passwd is not installed")
    await (await asyncio.create_subprocess_exec(program, "-U", str(hashed))).wait()
    guard = f"password_file {hashed}\ncertfile {certificate}\nkeyfile {key}\n"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with _mosquitto(port, f"allow_anonymous false\n{guard}"):
        yield Broker("127.0.0.1", port, secret, certificate)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that trusts itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "broker.pem", folder / "broker.key"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return files


@asynccontextmanager
async def _mosquitto(port: int, guard: str = "allow_anonymous true\n") -> AsyncIterator[None]:
    program = shutil.which("mosquitto")
    if program is None:
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "mosquitto.conf"
        # As root it would become another user, who cannot read the files of a test.
        who = f"user {getpass.getuser()}\n"
        settings.write_text(f"{who}listener {port} 127.0.0.1\npersistence false\nlog_type none\n{guard}")
        process = await asyncio.create_subprocess_exec(program, "-c", str(settings))
        try:
            await _answers(port)
            yield
        finally:
            process.terminate()
            await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return

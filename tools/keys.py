"""``meterfarm keys``: make a directory of keys and certificates for tests, labs and emulated farms."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rich.table import Table

from gbcs import eui64
from gbcs.certificates import Usage
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from gbcs.keyfiles import TEST_KEY_LINE, file_stem
from gbcs.keyseed import KeySeed
from gbcs.pki import Authority, Pki
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from tools.output import emit_json, stderr_console, stdout_console

app = typer.Typer(help="Keys and certificates of a test PKI.", no_args_is_help=True)

_ESME_EUIS = 0x024D_4600_0000_0000
_USER_EUIS = 0x024D_46F0_0000_0000
"""Bases of identifiers, the same that an emulated farm gives its meters and users: its key seed opens its messages."""

_MOST_DEVICES = 10_000
_MOST_USERS = 100
_METERS_SHOWN = 8
_EUI_WIDTH = 23
_SUFFIXES = (".pem", ".key")


@dataclass(frozen=True, slots=True)
class Party:
    """Whose keys are made. ``role`` is None for a device."""

    name: str
    eui: Eui64
    role: RemotePartyRole | None
    usages: tuple[Usage, ...] = (Usage.DS, Usage.KA)


SERVICE = (
    Party("recovery", bytes.fromhex("90b3d51f30000001"), RemotePartyRole.RECOVERY, (Usage.DS,)),
    Party("access control broker", DCC_ACB, RemotePartyRole.ACCESS_CONTROL_BROKER),
    Party("transitional change of supplier", bytes.fromhex("90b3d51f30000004"), RemotePartyRole.TRANSITIONAL_COS),
    Party("WAN provider", bytes.fromhex("90b3d51f30000007"), RemotePartyRole.WAN_PROVIDER),
)
"""The parties of the service itself, under the identifiers of the reference set."""

USERS = (
    ("import supplier", RemotePartyRole.SUPPLIER),
    ("export supplier", RemotePartyRole.OTHER),
    ("network operator", RemotePartyRole.NETWORK_OPERATOR),
    ("data retriever", RemotePartyRole.OTHER),
)
"""Kinds of users in the order of their identifiers. A meter knows no export supplier: its role 127 is an assumption."""


@app.callback()
def _keys() -> None:
    """Keys and certificates of a test PKI."""


@app.command()
def new(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="To be made; must not hold anything yet.")],
    seed: Annotated[
        int | None, typer.Option(help="Make test keys that hang off this key seed, not random ones.")
    ] = None,
    devices: Annotated[int, typer.Option(min=0, max=_MOST_DEVICES, help="Meters to make keys for.")] = 4,
    users: Annotated[int, typer.Option(min=1, max=_MOST_USERS, help="Parties per kind of user.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make private keys and certificates for a service, its users and some meters.

    Files are named as in the reference set: <eui>-ds.pem and -ka.pem are certificates, .key private keys (mode 0600).
    The issuers stand in DIR/ca. Keys from a seed are marked as test keys and refused wherever something real is
    attached; the key seed of a scenario gives the keys of its farm.

    Example: meterfarm keys new keys/ --devices 10
    """
    parties = (*SERVICE, *_users(users), *_meters(devices))
    write_directory(directory, parties, None if seed is None else KeySeed(seed))
    if json:
        emit_json(as_json(directory, parties, is_test=seed is not None))
    else:
        stdout_console().print(_table(directory, parties))
    if seed is not None:
        stderr_console().print("test keys: refused wherever something real is attached", style="dim", highlight=False)


def write_directory(directory: Path, parties: tuple[Party, ...], seed: KeySeed | None) -> None:
    """Write the keys and certificates of the parties, all or nothing.

    Raises LocalError where the directory holds anything already, or cannot be written.
    """
    try:
        target = directory.resolve()
        if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
            raise LocalError(f"{directory} is there already: keys are never overwritten")
        if any(target.parent.glob("RTDS-*")):
            raise LocalError(f"{target.parent} holds a reference set: make keys elsewhere")
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _fill(made, parties, seed)
            made.replace(target)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise LocalError(f"keys cannot be written to {directory}: {error.strerror}") from None


def as_json(directory: Path, parties: tuple[Party, ...], *, is_test: bool) -> dict[str, Any]:
    """The object that ``keys new --json`` prints: who has keys, under which file names. No key material."""
    return {
        "directory": str(directory),
        "test_keys": is_test,
        "parties": [
            {
                "name": party.name,
                "eui": eui64.show(party.eui),
                "role": party.role.ou if party.role is not None else None,
                "files": [f"{file_stem(party.eui, usage)}{suffix}" for usage in party.usages for suffix in _SUFFIXES],
            }
            for party in parties
        ],
    }


def _users(count: int) -> Iterator[Party]:
    for kind, (name, role) in enumerate(USERS, 1):
        for number in range(1, count + 1):
            eui = (_USER_EUIS + (kind << 16) + number).to_bytes(8, "big")
            yield Party(name if count == 1 else f"{name} {number}", eui, role)


def _meters(count: int) -> Iterator[Party]:
    for number in range(1, count + 1):
        yield Party(f"meter {number}", (_ESME_EUIS + number).to_bytes(8, "big"), None)


def _fill(directory: Path, parties: tuple[Party, ...], seed: KeySeed | None) -> None:
    """Write all files into a directory that is empty and nobody else's."""
    pki = Pki(seed) if seed is not None else Pki(valid_from=datetime.combine(datetime.now(UTC), time(), UTC))
    head = TEST_KEY_LINE if seed is not None else b""
    authorities = directory / "ca"
    authorities.mkdir(mode=0o700)
    for name, authority in _authorities(pki):
        _write_pair(authorities / name, authority.der, authority.key, head)
    for party in parties:
        for usage in party.usages:
            key = seed.key(party.eui, usage) if seed is not None else ec.generate_private_key(ec.SECP256R1())
            if party.role is None:
                der = pki.device(party.eui, usage, key.public_key())
            else:
                der = pki.organisation(party.eui, party.role, usage, key.public_key())
            _write_pair(directory / file_stem(party.eui, usage), der, key, head)


def _authorities(pki: Pki) -> tuple[tuple[str, Authority], ...]:
    return ("root", pki.root), ("organisations", pki.organisation_issuer), ("devices", pki.device_issuer)


def _write_pair(stem: Path, der: bytes, key: ec.EllipticCurvePrivateKey, head: bytes) -> None:
    """A certificate, and its private key (behind ``head``) in a file that from the first nobody else can read."""
    certificate = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    private = head + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for suffix, mode, content in ((".pem", 0o644, certificate), (".key", 0o600, private)):
        with os.fdopen(os.open(f"{stem}{suffix}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)


def _table(directory: Path, parties: tuple[Party, ...]) -> Table:
    table = Table(title=f"Keys in {directory}", title_justify="left")
    for column, width in (("party", None), ("role", None), ("EUI-64", _EUI_WIDTH), ("keys", None)):
        table.add_column(column, min_width=width)
    meters = [party for party in parties if party.role is None]
    hidden = set(meters[_METERS_SHOWN:-1])
    for party in parties:
        if party in hidden:
            continue
        role = f"{party.role.ou} {party.role.name.lower().replace('_', ' ')}" if party.role is not None else "device"
        table.add_row(party.name, role, eui64.show(party.eui), " ".join(party.usages))
    if hidden:
        table.caption = f"{len(meters)} meters; {len(hidden)} of them are not shown"
    return table

"""The passwords and keys of one SMETS1 meter: a TOML file that nobody else can read.

::

    encryption_key = "000102030405060708090a0b0c0d0e0f"
    authentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
    client_title = "4d464d0000000001"    # ours, which the meter keeps counters of; meterfarm's own unless said

    [passwords]
    reader = "12345678"                  # by client or user of the profile; P1 of IEC 62056-21

Nothing of it is ever printed or logged.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from emulator.smets1.dlms.ciphering import KEY_SIZE, TITLE_SIZE
from emulator.smets1.dlms.device import emulated_keys
from emulator.smets1.profile import DialectProfile
from gbcs.errors import LocalError

OUR_TITLE: Final = b"MFM\x00RIGS"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LARGEST_FILE = 1 << 16


def _hexadecimal(size: int) -> AfterValidator:
    def check(text: SecretStr) -> SecretStr:
        try:
            good = len(bytes.fromhex(text.get_secret_value())) == size
        except ValueError:
            good = False
        if not good:
            raise LocalError(f"{2 * size} hexadecimal digits are needed")
        return text

    return AfterValidator(check)


_Key = Annotated[SecretStr, _hexadecimal(KEY_SIZE)]


class Secrets(BaseModel):
    """What a file says, checked; the values hide themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    encryption_key: _Key | None = None
    authentication_key: _Key | None = None
    client_title: Annotated[SecretStr, _hexadecimal(TITLE_SIZE)] = SecretStr(OUR_TITLE.hex())
    passwords: Mapping[str, SecretStr] = Field(default_factory=dict)

    def has_password(self, name: str) -> bool:
        """Whether there is a password of a client or user."""
        return name in self.passwords

    def password(self, name: str) -> bytes:
        """The password of a client or user. Raises LocalError that names it where there is none."""
        if name not in self.passwords:
            raise LocalError(f"there is no password of {name!r}: put it into the secrets file of the meter")
        return self.passwords[name].get_secret_value().encode()

    def title(self) -> bytes:
        """Our own title."""
        return bytes.fromhex(self.client_title.get_secret_value())

    def keys(self) -> tuple[bytes, bytes]:
        """Encryption key and authentication key. Raises LocalError where one is missing."""
        if self.encryption_key is None or self.authentication_key is None:
            raise LocalError("there are no keys of the meter: put them into its secrets file")
        encryption, authentication = self.encryption_key, self.authentication_key
        return bytes.fromhex(encryption.get_secret_value()), bytes.fromhex(authentication.get_secret_value())


def read_secrets(file: Path) -> Secrets:
    """The secrets of a file. Raises LocalError for any mistake; what it holds is in no message."""
    try:
        mode = file.stat().st_mode
        if mode & _OTHERS:
            raise LocalError(f"{file} can be read by others (mode {stat.S_IMODE(mode):04o}): chmod 600 {file}")
        if file.stat().st_size > _LARGEST_FILE:
            raise LocalError(f"{file} is too large for a file of secrets")
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LocalError(f"secrets {file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise LocalError(f"secrets {file}: is not TOML") from None
    try:
        return Secrets.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise LocalError(f"secrets {file}: key {key}: {first['msg'].removeprefix('Value error, ')}") from None


def emulated_secrets(profile: DialectProfile, serial_number: str = "") -> Secrets:
    """Those of an emulated meter of a profile: they protect nothing."""
    identity = profile.meter
    keys = emulated_keys(identity.manufacturer.value, serial_number or identity.serial_number.value)
    return Secrets(
        encryption_key=SecretStr(keys.encryption_key.hex()),
        authentication_key=SecretStr(keys.authentication_key.hex()),
        passwords={name: SecretStr(text) for name, text in identity.passwords.value.items()},
    )

"""The package's front: its documented examples run, its names are there, a message encodes to its own bytes."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest
import vectors

import gbcs

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(gbcs.__path__, "gbcs.") if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["gbcs", *MODULES])
def test_the_examples_in_docstrings_run(name: str) -> None:
    module = import_module(name)
    assert doctest.testmod(module).failed == 0
    assert module.__doc__


def test_the_package_itself_has_an_example() -> None:
    assert doctest.testmod(gbcs).attempted >= 5


def test_every_exported_name_is_there() -> None:
    assert sorted(gbcs.__all__) == sorted(set(gbcs.__all__))
    assert all(hasattr(gbcs, name) for name in gbcs.__all__)


def test_every_message_encodes_to_the_bytes_it_was_decoded_from() -> None:
    for data in vectors.messages():
        message = gbcs.decode(data)
        assert message.encode() == gbcs.encode(message) == data
        payload = gbcs.decode_payload(message.content)
        assert gbcs.encode_payload(payload) == message.content


def test_every_error_is_of_one_family() -> None:
    for error in (gbcs.DecodeError, gbcs.AuthenticationError):
        assert issubclass(error, gbcs.RemoteError) and not issubclass(error, gbcs.LocalError)
    assert issubclass(gbcs.KeyUnavailable, gbcs.LocalError) and issubclass(gbcs.LocalError, ValueError)
    assert issubclass(gbcs.LocalError, gbcs.GbcsError) and issubclass(gbcs.RemoteError, gbcs.GbcsError)


def test_a_remote_error_prints_where_what_and_a_hint() -> None:
    error = gbcs.DecodeError("cut short", offset=0, field="mac", hint="look again")
    assert str(error) == "cut short in mac at byte 0 (look again)"
    assert str(gbcs.DecodeError("cut short")) == "cut short"

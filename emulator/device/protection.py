"""What protects a command and its answer: MAC, signature or both (spec sheet 3; exceptions in ``rules.toml``)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from gbcs.catalogue import UseCase
from gbcs.framing import Message
from gbcs.roles import CATALOGUE_NAMES, RemotePartyRole

_ORIGINATORS = CATALOGUE_NAMES | {
    "transitionalCoS": RemotePartyRole.TRANSITIONAL_COS,
    "wanProvider": RemotePartyRole.WAN_PROVIDER,
    "recovery": RemotePartyRole.RECOVERY,
    "loadController": RemotePartyRole.LOAD_CONTROLLER,
}


def needs_mac(code: int, role: RemotePartyRole) -> bool:
    """Whether a command without a MAC is none at all."""
    return (code, role) not in _exceptions("signed_only")


def needs_signature(use_case: UseCase, role: RemotePartyRole, command: Message) -> bool:
    """Whether a command must be signed: critical ones, and those that come without a MAC."""
    if command.mac is None:
        return True
    return use_case.critical and (use_case.code, role) not in _exceptions("mac_only")


def may_originate(use_case: UseCase, role: RemotePartyRole) -> bool:
    """Whether a role is among the originators that are known of a critical use case.

    Assumption ``known_originators``: the reference messages show every role that may send a critical command. For a use
    case that no message shows, and for those that are not critical, nothing is known and everybody may.
    """
    if not use_case.critical or not use_case.originators:
        return True
    return role in _known_originators(use_case.originators)


def answers_signed(use_case: UseCase, command: Message) -> bool:
    """Whether the response is signed and carries no MAC: to critical commands, and to those without a MAC."""
    return use_case.critical or command.mac is None


@cache
def _known_originators(names: tuple[str, ...]) -> frozenset[RemotePartyRole]:
    return frozenset(_ORIGINATORS[name] for name in names if name in _ORIGINATORS)


@cache
def _exceptions(kind: str) -> frozenset[tuple[int, RemotePartyRole]]:
    rows = tomllib.loads(files(__package__).joinpath("rules.toml").read_text("utf-8"))[kind]
    return frozenset((row["code"], RemotePartyRole[name]) for row in rows for name in row["roles"])

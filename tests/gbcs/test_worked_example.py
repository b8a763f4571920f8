"""The worked example of spec sheet 14, rebuilt byte for byte from its values: command in clear, answer encrypted."""

from __future__ import annotations

import pytest
import worked_example as example

import gbcs
from gbcs import crypto, decode, encode_payload, seal, verify
from gbcs.crypto import Kind
from gbcs.dlms import AccessResponse, CompactArray, Data, ProtectedResult, Result, Tag, row_type
from gbcs.dlms.access import invoke_id
from gbcs.dlms.data import scaler_unit, structure, uint32
from gbcs.framing import Cra, Message, OtherInformation
from gbcs.keystore import KeyStore
from gbcs.payload import decode_payload, encode_data
from gbcs.reads import read_request, read_values
from gbcs.security import Opened
from gbcs.times import cosem, from_cosem

FIRST, LAST = (
    from_cosem(bytes.fromhex("07ea0101ff000000008000ff")),
    from_cosem(bytes.fromhex("07ea0101ff010000008000ff")),
)
CLOCK = bytes.fromhex("07ea0102ff030405008000ff")
REGISTERS = structure(uint32(123456), scaler_unit(0, 30), uint32(789), scaler_unit(0, 32))
ROWS = Data(Tag.COMPACT_ARRAY, CompactArray.of(row_type(1, 1), [[FIRST + n * 1800, 100 + n] for n in range(3)]))
CASES = {
    "ECS17b": (0x27, None, None, REGISTERS, CLOCK),
    "ECS22b": (0x37, FIRST, LAST, ROWS, b""),
}
COMMANDS = {"ECS17b": example.ECS17B_COMMAND, "ECS22b": example.ECS22B_COMMAND}
PLAINTEXTS = {"ECS17b": example.ECS17B_PLAINTEXT, "ECS22b": example.ECS22B_PLAINTEXT}
RESPONSES = {"ECS17b": example.ECS17B_RESPONSE, "ECS22b": example.ECS22B_RESPONSE}


@pytest.fixture
def keys() -> KeyStore:
    store = KeyStore()
    store.add_secret(example.DEVICE, example.REMOTE, example.Z_REMOTE)
    store.add_secret(example.DEVICE, example.ACB, example.Z_ACB)
    return store


@pytest.mark.parametrize("use_case", CASES)
def test_the_command_is_built_from_its_values(use_case: str, keys: KeyStore) -> None:
    code, first, last, _, _ = CASES[use_case]
    request = read_request(use_case, example.COUNTER, example.REMOTE, example.DEVICE, first, last)
    other = OtherInformation(code)
    message = Message(Cra.COMMAND, example.COUNTER, example.REMOTE, example.DEVICE, b"", other, encode_payload(request))
    assert seal(message, keys) == COMMANDS[use_case]


@pytest.mark.parametrize("use_case", CASES)
def test_the_answer_is_built_from_its_values(use_case: str, keys: KeyStore) -> None:
    code, _, _, shown, date_time = CASES[use_case]
    plaintext = encode_data(structure(shown))
    assert plaintext == PLAINTEXTS[use_case]
    blob = crypto.encrypt(example.Z_REMOTE, example.DEVICE, example.COUNTER, example.REMOTE, plaintext)
    result = ProtectedResult(example.COUNTER, example.DEVICE, example.REMOTE, blob)
    response = AccessResponse(invoke_id(example.COUNTER), (result,), (Result(3, 0),))
    message = Message(
        Cra.RESPONSE, example.COUNTER, example.DEVICE, example.REMOTE, date_time, OtherInformation(code),
        encode_payload(response),
    )  # fmt: skip
    assert seal(message, keys) == RESPONSES[use_case]


@pytest.mark.parametrize("data", [*COMMANDS.values(), *RESPONSES.values()])
def test_every_message_verifies_and_encodes_to_itself(data: bytes, keys: KeyStore) -> None:
    message = decode(data)
    assert verify(message, keys).ok
    assert message.encode() == data
    assert encode_payload(decode_payload(message.content)) == message.content


@pytest.mark.parametrize("use_case", CASES)
def test_the_answer_opens_to_the_values(use_case: str, keys: KeyStore) -> None:
    opened: Opened = gbcs.open(RESPONSES[use_case], keys)
    assert opened.plaintexts == ((CASES[use_case][3],),)
    assert isinstance(opened.payload, AccessResponse)
    values = read_values(opened.payload, opened.plaintexts)
    if use_case == "ECS17b":
        assert values.registers == ((123456, 0, 30), (789, 0, 32))
        assert opened.message.date_time == cosem(from_cosem(CLOCK))
    else:
        assert values.rows is not None
        assert values.rows.tolist() == [[FIRST, 100], [FIRST + 1800, 101], [LAST, 102]]


def test_another_kind_counter_or_party_gives_another_key() -> None:
    key = crypto.derive_key(example.Z_REMOTE, Kind.RESPONSE, example.DEVICE, 7, example.REMOTE)
    assert key == example.K_RESPONSE_MAC
    others = [
        crypto.derive_key(example.Z_REMOTE, Kind.ALERT, example.DEVICE, 7, example.REMOTE),
        crypto.derive_key(example.Z_REMOTE, Kind.RESPONSE, example.DEVICE, 8, example.REMOTE),
        crypto.derive_key(example.Z_REMOTE, Kind.RESPONSE, example.REMOTE, 7, example.DEVICE),
        crypto.derive_key(example.Z_ACB, Kind.RESPONSE, example.DEVICE, 7, example.REMOTE),
    ]
    assert len({key, *others}) == 5

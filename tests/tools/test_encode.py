"""``meterfarm encode``: the inverse of decode, on every message; edited fields are protected anew; slips are named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import payload_samples as samples
import pytest
import vectors
from one_meter import KEYS, METER, NOW, SUPPLIER, Asker, meter
from reference_set import reference_messages, rtds_home
from shell import meterfarm

import gbcs
from gbcs.dlms import AccessRequest
from gbcs.errors import LocalError
from gbcs.keystore import KeyStore
from gbcs.security import Check, Keys
from tools import describe
from tools.rebuild import rebuild


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory with the keys of the one meter and its parties."""
    directory = tmp_path_factory.mktemp("own") / "keys"
    assert meterfarm("keys", "new", str(directory), "--seed", "11", "--devices", "1").code == 0
    return str(directory)


def plain(message: gbcs.Message | bytes, store: Keys | None = None) -> dict[str, Any]:
    """What decode --json prints, through JSON."""
    message = gbcs.decode(message) if isinstance(message, bytes) else message
    shown: dict[str, Any] = json.loads(json.dumps(describe.message(message, store), allow_nan=False))
    return shown


# ---------------------------------------------------------------------- identity


@pytest.mark.parametrize("number", range(len(vectors.messages())))
def test_decode_then_encode_is_the_identity(number: int) -> None:
    data = vectors.messages()[number]
    assert rebuild(plain(data)).data == data
    with_keys = rebuild(plain(data, KEYS), KEYS).data
    # A MAC that is not that of these keys is made anew.
    assert with_keys == data if gbcs.verify(data, KEYS).ok else gbcs.verify(with_keys, KEYS).ok


def test_it_is_so_for_every_family_and_for_blocks() -> None:
    for message in samples.messages():
        assert rebuild(plain(message)).data == message.encode()
    for data in vectors.blocks():
        assert rebuild(describe.gbt_block(gbcs.decode_gbt_block(data))).data == data


def test_it_is_so_for_every_reference_message_without_keys_and_with() -> None:
    store = KeyStore.read(rtds_home() / "keystore")
    notes = 0
    for data in reference_messages():
        assert rebuild(plain(data)).data == data
        built = rebuild(plain(data, store), store)
        assert built.data == data
        notes += len(built.notes)
    assert notes == 2  # the two messages between devices, whose MAC nobody can make


def test_through_the_command_line(tmp_path: Path, keys: str) -> None:
    data = meter().receive(Asker().command("ECS22b"), NOW)[0]
    shown = meterfarm("decode", data.hex(), "--keys", keys, "--json").out
    file = tmp_path / "message.json"
    file.write_text(shown)
    assert meterfarm("encode", str(file), "--keys", keys).out.strip() == data.hex()
    ended = meterfarm("encode", "-", "--json", stdin=shown.encode())
    assert ended.json()["message"] == data.hex() and "taken as they stand" in ended.err


# ---------------------------------------------------------------------- edited


def test_an_edited_plaintext_is_encrypted_and_the_mac_made_anew() -> None:
    data = meter().receive(Asker().command("ECS22b"), NOW)[0]
    shown = plain(data, KEYS)
    rows = shown["payload"]["items"][0]["plaintext"][0]["compact-array"]["rows"]
    rows[3][1] = 4242
    built = rebuild(shown, KEYS).data
    assert built != data and len(built) == len(data)
    assert gbcs.verify(built, KEYS).mac is Check.VERIFIED
    again = plain(built, KEYS)["payload"]["items"][0]["plaintext"][0]["compact-array"]["rows"]
    assert again == rows


def test_an_edited_field_of_a_signed_message_is_signed_anew() -> None:
    command = gbcs.Message(1, 7, SUPPLIER, METER, b"", gbcs.OtherInformation(0x0025), b"", None)
    request = gbcs.decode_payload(
        bytes.fromhex("d920000007 00 01 02 2328 0000600d00ff 02 01 0904 61626364".replace(" ", ""))
    )
    assert isinstance(request, AccessRequest)
    signed = gbcs.sign(replace(command, content=gbcs.encode_payload(request)), KEYS)
    shown = plain(signed, KEYS)
    assert shown["payload"]["items"][0]["title"] == "supplier name"
    shown["payload"]["items"][0]["data"] = {"octet-string": "7a7a"}
    built = gbcs.decode(rebuild(shown, KEYS).data)
    assert built.signature != signed.signature
    assert gbcs.verify(built, KEYS).signature is Check.VERIFIED


def test_a_signature_that_holds_is_kept_although_signing_is_random() -> None:
    command = gbcs.Message(1, 7, SUPPLIER, METER, b"", gbcs.OtherInformation(0x0062), b"\x30\x00", None)
    signed = gbcs.sign(command, KEYS)
    assert rebuild(plain(signed, KEYS), KEYS).data == signed.encode()


def test_a_pre_command_becomes_a_signed_command_with_a_mac(tmp_path: Path, keys: str) -> None:
    pre = gbcs.Message(1, 7, SUPPLIER, METER, b"", gbcs.OtherInformation(0x0062), b"\x30\x00", None)
    file = tmp_path / "pre.json"
    file.write_text(json.dumps(plain(pre)))
    ended = meterfarm("encode", str(file), "--sign", "--keys", keys)
    message = gbcs.decode(bytes.fromhex(ended.out))
    verdict = gbcs.verify(message, KEYS)
    assert verdict.ok and verdict.mac is Check.VERIFIED and verdict.signature is Check.VERIFIED
    assert meterfarm("encode", str(file), "--sign").error() == "to sign, give the keys"


def test_a_gas_price_is_edited_by_name() -> None:
    message = samples.messages()[0]
    shown = plain(message)
    matrix = shown["payload"]["components"][1]
    assert matrix["name"] == "publish price matrix" and matrix["fields"]["prices"][1] == {
        "tier_or_block": 2,
        "price": 2000,
    }
    matrix["fields"]["prices"][1]["price"] = 2100
    component = gbcs.message_payload(gbcs.decode(rebuild(shown).data)).components[1]  # type: ignore[union-attr]
    assert component.payload["prices"] == ((1, 1000), (2, 2100))


# ---------------------------------------------------------------------- slips


def edited(path: str, value: object) -> dict[str, Any]:
    """A read answer as JSON with one thing changed; ``path`` like payload.items.0.result."""
    shown = plain(meter().receive(Asker().command("ECS22a"), NOW)[0])
    at: Any = shown
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if isinstance(at, list) else step]
    at[int(last) if isinstance(at, list) else last] = value
    return shown


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("cra", "order", "cra: 'order' is none of pre-command, command"),
        ("message_code", 36, "message_code: str expected, got 36"),
        ("message_code", "36x", "message_code: hexadecimal digits"),
        ("originator", "xy", "is not an EUI-64"),
        ("originator_counter", "7", "originator_counter: int expected"),
        ("originator_counter", True, "originator_counter: int expected"),
        ("originator_counter", -1, "cannot be encoded"),
        ("payload", None, "payload: dict expected"),
        ("payload.family", "XML", "family: 'XML' is none of"),
        ("payload.invoke_id", "zz", "invoke_id: hexadecimal"),
        ("payload.items", {}, "items: list expected"),
        ("payload.items.0.result", "fine", "result: 'fine' is not like"),
        ("payload.items.0.data", {"float": 1}, "is a type of data"),
        ("payload.items.0.data", {"uint8": 300}, "cannot be encoded"),
        ("payload.items.0.data", {"uint8": "x"}, "cannot be encoded"),
        ("payload.items.0.data", {"structure": 5}, "structure: a list expected"),
        ("payload.items.0.data.compact-array.rows.0", ["never", 1, 2], "a time like"),
        ("payload.items.0.data.compact-array.rows.0", [1], "3 columns expected"),
        ("payload.items.0.data.compact-array.type", "float", "is no type of data"),
        ("mac", {"value": "00"}, "12 bytes expected|cannot be encoded|bytes"),
        ("mac", "00", "mac: dict expected"),
        ("signature", {"value": "00"}, "signature: 64 bytes expected"),
    ],
)
def test_a_slip_in_the_json_is_named(path: str, value: object, what: str) -> None:
    with pytest.raises(LocalError, match=what):
        rebuild(edited(path, value))


@pytest.mark.parametrize("value", [None, 5, "x", True, [], {}, [[]], {"x": 1}, -1, 10**30])
def test_any_value_in_any_place_is_our_own_error_or_a_message(value: object) -> None:
    for message in (*samples.messages(), *map(gbcs.decode, vectors.messages()[:6])):
        for path in places(plain(message)):
            shown = plain(message)
            at: Any = shown
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = value
            try:
                assert rebuild(shown).data
            except LocalError:
                continue


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to every value of a JSON tree; of long lists the first few."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, one in inner:
        found += places(one, (*path, key))
    return found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "no JSON"),
        (b"[]", "holds no JSON object"),
        (b"{", "line 1: no JSON"),
        (b"\xff", "is no text"),
        (b"{}", "payload: dict"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_description_is_one_line(tmp_path: Path, text: bytes, what: str) -> None:
    file = tmp_path / "message.json"
    file.write_bytes(text)
    ended = meterfarm("encode", str(file))
    assert (ended.code, ended.out) == (2, "") and what in ended.error()

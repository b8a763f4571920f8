"""``meterfarm decode``: every way to hand over a message, what it prints, and one line for what is none."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import vectors
import worked_example as example
from mutations import flipped, mutated
from one_meter import KEYS, METER, NOW, SUPPLIER, Asker, meter
from shell import meterfarm

import gbcs
from tools import describe

KEYS_OF_ISSUE = (
    "message_code", "use_case", "cra", "originator", "recipient", "originator_counter", "payload", "mac", "signature"
)  # fmt: skip
RESPONSE = example.ECS22B_RESPONSE


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory with the keys of the one meter and its parties."""
    directory = tmp_path_factory.mktemp("own") / "keys"
    assert meterfarm("keys", "new", str(directory), "--seed", "11", "--devices", "1").code == 0
    return str(directory)


def answer(use_case: str, **asked: bytes | int) -> bytes:
    return meter().receive(Asker().command(use_case, **asked), NOW)[0]


# ---------------------------------------------------------------------- ways in


def test_hex_files_and_standard_input_give_the_same(tmp_path: Path) -> None:
    text = RESPONSE.hex()
    (tmp_path / "message.hex").write_text(f"{text[:60].upper()}\n {text[60:]}\n")
    (tmp_path / "message.bin").write_bytes(RESPONSE)
    spaced = " ".join(text[at : at + 2] for at in range(0, len(text), 2))
    calls = [
        meterfarm("decode", text, "--json"),
        meterfarm("decode", text.upper(), "--json"),
        meterfarm("decode", spaced, "--json"),
        meterfarm("decode", str(tmp_path / "message.hex"), "--json"),
        meterfarm("decode", str(tmp_path / "message.bin"), "--json"),
        meterfarm("decode", "-", "--json", stdin=text.encode() + b"\n"),
        meterfarm("decode", "-", "--json", stdin=RESPONSE),
    ]
    assert {call.code for call in calls} == {0}
    assert all(call.json() == calls[0].json() for call in calls)


@pytest.mark.parametrize(
    ("argument", "stdin", "what", "code"),
    [
        ("zz", None, "'zz' is neither hex nor a file that can be read", 2),
        ("", None, "", 1),
        ("-", b"", "standard input is empty", 2),
        ("-", b" \n", "standard input is empty", 2),
        ("/", None, "is neither hex nor a file", 2),
        ("a" * 5001, None, "neither hex nor a file", 2),
        ("dd", None, "no GBCS message starts with dd", 1),
        ("0109", None, "no GBCS message starts with 0109", 1),
        ("-", bytes(range(256)), "no GBCS message starts with 0001", 1),
        (RESPONSE.hex() + "00", None, "left over", 1),
    ],
)
def test_what_is_no_message_is_one_line(argument: str, stdin: bytes | None, what: str, code: int) -> None:
    ended = meterfarm("decode", argument, stdin=stdin)
    assert (ended.code, ended.out) == (code, "") and what in ended.error()


# ---------------------------------------------------------------------- JSON


@pytest.mark.parametrize("number", range(len(vectors.messages())))
def test_every_message_has_the_documented_keys(number: int) -> None:
    data = vectors.messages()[number]
    ended = meterfarm("decode", data.hex(), "--json")
    assert ended.code == 0 and ended.err == ""
    shown, message = ended.json(), gbcs.decode(data)
    assert set(KEYS_OF_ISSUE) <= set(shown)
    assert int(shown["message_code"], 16) == message.message_code
    assert shown["originator_counter"] == message.originator_counter
    assert (shown["mac"] is None) == (message.mac is None) and (shown["signature"] is None) == (not message.signature)


def test_the_worked_example_in_json() -> None:
    shown = meterfarm("decode", example.ECS17B_COMMAND.hex(), "--json").json()
    assert {key: shown[key] for key in KEYS_OF_ISSUE[:6]} == {
        "message_code": "0027",
        "use_case": "ECS17b",
        "cra": "command",
        "originator": "88-99-AA-BB-CC-DD-EE-FF",
        "recipient": "00-11-22-33-44-55-66-77",
        "originator_counter": 7,
    }


def test_rows_come_with_their_times() -> None:
    text = json.dumps(meterfarm("decode", answer("ECS22a").hex(), "--json").json()["payload"])
    assert "2026-11-23T00:30:00Z" in text and "2026-11-24T00:00:00Z" in text and text.count("T12:00:00Z") == 1


def test_an_unknown_message_code_is_shown_as_such() -> None:
    message = replace(gbcs.decode(answer("ECS22a")), other=gbcs.OtherInformation(0xFFFE))
    shown = meterfarm("decode", message.encode().hex(), "--json").json()
    assert (shown["message_code"], shown["use_case"]) == ("FFFE", None)


def test_a_block_of_a_segmented_message_is_shown() -> None:
    for data in vectors.blocks():
        shown = meterfarm("decode", data.hex(), "--json").json()
        assert set(KEYS_OF_ISSUE) <= set(shown)
        assert shown["payload"]["block_number"] == 1 and shown["mac"] is None


# ---------------------------------------------------------------------- keys


def test_with_keys_the_protection_is_judged_and_values_are_decrypted(keys: str) -> None:
    encrypted = answer("ECS22b").hex()
    shown = meterfarm("decode", encrypted, "--keys", keys, "--json").json()
    assert shown["mac"]["verdict"] == "verified"
    assert "2026-11-23T00:30:00Z" in json.dumps(shown)
    without = meterfarm("decode", encrypted, "--json").json()
    assert "verdict" not in without["mac"] and "2026-11-23T00:30:00Z" not in json.dumps(without)


def test_a_wrong_mac_or_signature_is_shown_and_ends_with_1(keys: str) -> None:
    data = answer("ECS22a")
    ended = meterfarm("decode", flipped(data, 8 * len(data) - 1).hex(), "--keys", keys, "--json")
    assert ended.code == 1 and ended.json()["mac"]["verdict"] == "failed"
    assert ended.error().startswith("mac not valid: the MAC is not that of 02-4D-46-00-00-00-00-01")
    message = gbcs.Message(2, 5, METER, SUPPLIER, b"", gbcs.OtherInformation(0x62), b"\x05\x00")
    signed = gbcs.sign(message, KEYS).encode()
    assert meterfarm("decode", signed.hex(), "--keys", keys, "--json").json()["signature"]["verdict"] == "verified"
    ended = meterfarm("decode", flipped(signed, 8 * len(signed) - 1).hex(), "--keys", keys)
    assert ended.code == 1 and "signature not valid" in ended.error()


def test_a_key_that_is_not_there_is_no_failure(keys: str) -> None:
    ended = meterfarm("decode", RESPONSE.hex(), "--keys", keys, "--json")
    assert ended.code == 0 and ended.json()["mac"]["verdict"] == "no key"


# ---------------------------------------------------------------------- the tree


def test_the_tree_names_use_case_parties_times_and_values(keys: str) -> None:
    ended = meterfarm("decode", answer("ECS22b").hex(), "--keys", keys)
    assert ended.code == 0 and ended.err == ""
    for part in ("ECS22b", "02-4D-46-00-00-00-00-01", "2026-11-23T00:30:00Z", "2026-11-24T00:00:00Z", "verified"):
        assert part in ended.out


@pytest.mark.parametrize("number", range(len(vectors.messages())))
def test_every_message_is_drawn(number: int) -> None:
    data = vectors.messages()[number]
    ended = meterfarm("decode", data.hex())
    assert ended.code == 0 and f"{gbcs.decode(data).originator_counter}" in ended.out


def test_control_characters_of_a_message_do_not_reach_the_terminal() -> None:
    text = gbcs.decode(next(data for data in vectors.messages() if b"more" in data))
    hostile = replace(text, content=text.content.replace(b"more", b"\x1b[2J"), signature=b"").encode()
    assert "\x1b" not in meterfarm("decode", hostile.hex()).out


def test_mutilated_payloads_are_described_too() -> None:
    chance = random.Random("describe")
    messages = [gbcs.decode(data) for data in vectors.messages()]
    contents = [message.content for message in messages]
    for _ in range(3000):
        message = chance.choice(messages)
        changed = replace(message, content=mutated(chance, message.content, contents))
        described = describe.message(changed, KEYS)
        assert json.loads(json.dumps(described, allow_nan=False))["originator_counter"] == message.originator_counter

"""Rules as data: a mistake in them is one line that names it, and the ones shipped hold together."""

from __future__ import annotations

import random
from importlib.resources import files

import pytest

from emulator.compression.header_context import compile_rules, load_rules
from emulator.compression.layouts import parse_layout, reference
from gbcs.catalogue import catalogue
from gbcs.errors import LocalError

TEXT = (files("emulator.compression.header_context") / "rules.toml").read_text("utf-8")
SIZES = {"a": 2, "rest": None}


def test_every_read_of_settlement_has_rules_both_ways() -> None:
    rules = load_rules()
    for row in catalogue().values():
        if row.mhhs:
            for direction in ("down", "up"):
                assert any(rule.name.startswith(row.use_case) for rule in rules.candidates(direction, row.code))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('[2, "command"', '[1, "command"', "number 1 of ECS17a command_broker registers_request is taken"),
        ("{range} 01 00", "{rage} 01 00", "fragment 'rage' is not known"),
        ("06<active>", "06<actve>", "field 'actve' is not known"),
        ('action = "grid"', 'action = "gird"', "gird"),
        (
            '"protected_fail"],\n]\n\n[use_cases.ECS21a]',
            '"protectd"],\n]\n\n[use_cases.ECS21a]',
            "content 'protectd' is not known",
        ),
        ('direction = "down"', 'direction = "sideways"', "'sideways' is not known"),
        ("[use_cases.ECS66]", "[use_cases.ECS999]", "'ECS999' is no use case"),
        ('mapping = "devices"', 'mapping = "devises"', "mapping 'devises' is not known"),
        ("version = 1", "version = ", "rules: "),
    ],
)
def test_a_mistake_is_named(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(LocalError, match=said.replace("[", r"\[")) as caught:
        compile_rules(TEXT.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_another_version_of_the_rules_has_another_fingerprint() -> None:
    assert compile_rules(TEXT + "\n").fingerprint != load_rules().fingerprint
    assert load_rules(codes_rows=True).fingerprint != load_rules().fingerprint


def test_a_layout_reads_what_it_writes() -> None:
    layout = parse_layout("01 len[ <a> 02 <a:low1> <rest> ] ff", SIZES, {})
    written = layout.write({"a": b"\xaa\xbb", "rest": b"xyz"})
    assert written.hex() == "0107aabb02bb78797aff"
    assert layout.read(written) == {"a": b"\xaa\xbb", "rest": b"xyz"}


@pytest.mark.parametrize(
    "wrong", ["0107aabb02cc78797aff", "0108aabb02bb78797aff", "0107aabb02bb78797a", "018107aabb02bb78797aff", ""]
)
def test_a_layout_takes_nothing_that_it_would_not_write(wrong: str) -> None:
    layout = parse_layout("01 len[<a> 02 <a:low1> <rest>] ff", SIZES, {})
    assert layout.read(bytes.fromhex(wrong)) is None


@pytest.mark.parametrize("text", ["01 len[<a>", "01]", "0", "<b>", "<rest> 01", "<a:low1>", "{x}"])
def test_a_wrong_layout_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="layout"):
        parse_layout(text, SIZES, {"y": "{y}"})


def test_fragments_in_a_circle_are_refused() -> None:
    with pytest.raises(LocalError, match="circle"):
        parse_layout("{y}", SIZES, {"y": "{y}"})


def test_the_compiled_layouts_are_what_the_items_say() -> None:
    """The quick twin against the reference, for every rule, on messages of every rule, whole and changed."""
    draw = random.Random(1)
    rules = list(load_rules().by_number.values())
    for rule in rules:
        sizes = rule.layout.fields
        values = {name: draw.randbytes(draw.randrange(40) if size is None else size) for name, size in sizes.items()}
        message = rule.layout.write(values)
        assert message == reference.write(rule.layout.items, values)
        for other in (message, message[:-1], message + b"\x00", changed(message, draw), changed(message, draw)):
            for one in rules:
                found: dict[str, bytes] = {}
                end = reference.read(one.layout.items, other, 0, len(other), found)
                assert one.layout.read(other) == (found if end == len(other) else None)


def changed(message: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(message))
    return message[:at] + bytes((draw.randrange(256),)) + message[at + 1 :]

"""Names of objects and parts: what the tables say, what they do not know, and that every reference request has them."""

from __future__ import annotations

import pytest
from reference_set import reference_messages

import gbcs
from gbcs.dlms import AccessRequest, Choice
from gbcs.dlms.protection import DATA_PROTECTION_CLASS
from gbcs.errors import LocalError
from gbcs.names import Shape, expected_targets, parse_shape, part_name
from gbcs.objects import declared_objects, logical_name


def test_a_price_table_is_named_to_the_price() -> None:
    names = part_name(Choice.SET, 113, logical_name("0-0:19.20.0.255"), 6)
    assert (names.title, names.part) == ("tariff prices, primary element", "passive unit charge")
    assert names.shape is not None
    scaling, commodity, prices = names.shape.parts
    assert scaling[1] == Shape((("commodity_scale", None), ("price_scale", None)))
    assert commodity[0] == "commodity" and prices[1] == Shape((("index", None), ("price", None)), repeated=True)


def test_methods_and_attributes_are_different_parts() -> None:
    clock = logical_name("0-0:1.0.0.255")
    assert part_name(Choice.ACTION, 8, clock, 4).part == "adjust to preset time"
    assert part_name(Choice.GET, 8, clock, 4).part == "status"


def test_what_no_table_names_has_no_name() -> None:
    assert part_name(Choice.GET, 4242, bytes(6), 9) == part_name(Choice.SET, 4243, bytes(6), 1)
    assert part_name(Choice.GET, 4242, bytes(6), 9).title == ""
    assert expected_targets(0xFFFE) == ()


def test_titles_agree_with_the_objects_that_a_meter_declares() -> None:
    for (class_id, instance), row in declared_objects().items():
        assert part_name(Choice.GET, class_id, instance, 2).title == row.title


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a, b", Shape((("a", None), ("b", None)))),
        ("[a, b]", Shape((("a", None), ("b", None)), repeated=True)),
        ("[a, b[c]]", Shape((("a", None), ("b", Shape((("c", None),), repeated=True))), repeated=True)),
        ("a(b, c), d", Shape((("a", Shape((("b", None), ("c", None)))), ("d", None)))),
    ],
)
def test_shapes_are_read(text: str, shape: Shape) -> None:
    assert parse_shape(text) == shape


def test_a_shape_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(LocalError, match="left over"):
        parse_shape("a) b")


def test_every_reference_request_has_names_and_the_order_that_the_table_expects() -> None:
    seen = 0
    for data in reference_messages():
        message = gbcs.decode(data)
        payload = gbcs.message_payload(message)
        if not isinstance(payload, AccessRequest):
            continue
        targets = tuple((one.choice, one.class_id, one.instance, one.index) for one in payload.specifications)
        expected = expected_targets(message.message_code)
        assert not expected or targets == expected
        for target in targets:
            names = part_name(*target)
            assert names.part and (names.title or target[1] == DATA_PROTECTION_CLASS), target
        seen += 1
    assert seen > 300

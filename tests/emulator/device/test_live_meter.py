"""A meter on its own energy also answers what does not hang on it."""

from __future__ import annotations

import pytest
from commander import ACB, DEVICE, KEYS, NOW, OPERATOR, ROLES, Commander, answer, call, codes, get, put
from one_meter import energy

from emulator.device.values import AccessRefused
from emulator.esme.esme import Esme
from emulator.esme.live import LiveObjects
from gbcs.dlms import Data, ResultCode, Tag
from gbcs.objects import logical_name


def live() -> Esme:
    return Esme(DEVICE, KEYS, ACB, dict(ROLES), LiveObjects(energy()))


def test_a_label_set_is_the_label_read_and_an_unset_one_is_empty() -> None:
    meter, ask = live(), Commander()
    label = Data(Tag.VISIBLE_STRING, "water heater")
    assert codes(answer(meter, ask.dlms("ECS46a", put("1 0-0:94.44.0.11 2", label)))) == [0]
    shown = answer(meter, ask.dlms("ECS61a", get("1 0-0:94.44.0.11 2"), get("1 0-0:94.44.0.12 2")))
    assert shown.data == (label, Data(Tag.VISIBLE_STRING, ""))


def test_what_is_measured_cannot_be_set_or_reset() -> None:
    objects, register = LiveObjects(energy()), logical_name("1-0:2.8.0.255")
    before = objects.read(3, register, 2, None, NOW)
    with pytest.raises(AccessRefused) as written:
        objects.write(3, register, 2, Data(Tag.UINT32, 0), NOW)
    with pytest.raises(AccessRefused) as reset:
        objects.invoke(3, register, 1, Data(Tag.INT8, 0), NOW)
    assert written.value.code == reset.value.code == ResultCode.READ_WRITE_DENIED
    assert objects.read(3, register, 2, None, NOW) == before


def test_a_meter_that_is_only_read_for_settlement_stores_nothing() -> None:
    meter, ask = live(), Commander()
    answer(meter, ask.dlms("ECS17a", get("3 1-0:2.8.0.255 2"), originator=OPERATOR))
    assert isinstance(meter.objects, LiveObjects) and meter.objects._stored is None


def test_an_unknown_switch_script_is_noted_and_not_refused() -> None:
    meter, ask = live(), Commander()
    assert codes(answer(meter, ask.dlms("ECS47", call("9 0-0:10.0.103.255 1", Data(Tag.UINT16, 0x520))))) == [0]

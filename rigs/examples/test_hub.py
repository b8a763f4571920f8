"""The comms hub function: its device log is read, and a command for somebody else is none of its business."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gbcs.catalogue import by_use_case
from gbcs.dlms import AccessRequest, AccessResponse, Choice, ResultCode, Specification
from gbcs.dlms.access import invoke_id
from gbcs.dlms.data import NULL
from gbcs.framing import Cra, Message, OtherInformation
from gbcs.objects import logical_name
from gbcs.payload import encode_payload
from gbcs.security import open_message, verify
from rigs.pytest_plugin.under_test import DeviceUnderTest

pytestmark = pytest.mark.capability("comms_hub")

NETWORK_CONTROL, ACTIVE_DEVICES = 104, 4
DEVICE_LOG = logical_name("0-0:30.3.0.255")


def read_of_device_log(hub: DeviceUnderTest) -> Message:
    """The command by which the broker reads which devices the hub knows."""
    head_end = hub.head_end
    counter = head_end.counter(head_end.acb)
    wanted = Specification(Choice.GET, NETWORK_CONTROL, DEVICE_LOG, ACTIVE_DEVICES)
    content = encode_payload(AccessRequest(invoke_id(counter), (wanted,), (NULL,)))
    other = OtherInformation(by_use_case("CCS06").code)
    return Message(Cra.COMMAND, counter, head_end.acb, hub.eui, b"", other, content)


def test_the_device_log_is_read(comms_hub: DeviceUnderTest) -> None:
    answer = comms_hub.exchange(comms_hub.head_end.sealed(read_of_device_log(comms_hub)))
    assert answer is not None and verify(answer, comms_hub.head_end.keys).ok
    payload = open_message(answer, comms_hub.head_end.keys).payload
    assert isinstance(payload, AccessResponse)
    assert [result.code for result in payload.results] == [ResultCode.SUCCESS]


def test_a_command_for_another_device_is_dropped(comms_hub: DeviceUnderTest) -> None:
    other = replace(read_of_device_log(comms_hub), recipient=bytes.fromhex("024d4600000fff01"))
    assert comms_hub.exchange(comms_hub.head_end.sealed(other), 1.0) is None

"""Tunnels between a hub and its meters: asked for, granted, refused, lost, and what becomes of messages meanwhile."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.han.frames import unwrap, wrap
from emulator.han.sleepy_tunnel import MAX_MESSAGE_BYTES, SleepyDevice, SleepyHub
from emulator.han.tunnel import TunnelClient, TunnelState, TunnelTurn
from emulator.han.tunnel_server import ServerSettings, TunnelServer
from emulator.han.tunneling import (
    TO_CLIENT,
    TO_SERVER,
    AckTransfer,
    CloseTunnel,
    ClosureNotification,
    GetProtocols,
    Protocols,
    RequestTunnel,
    RequestTunnelResponse,
    Transfer,
    TransferError,
    TunnelFrame,
    TunnelStatus,
    decode,
)
from gbcs.errors import DecodeError

HUB, OTHER = b"hub-hub-", b"other---"
U8, U16 = st.integers(0, 255), st.integers(0, 0xFFFF)
COMMANDS = st.one_of(
    st.builds(RequestTunnel, U8, U16, st.integers(0, 1), U16),
    st.builds(RequestTunnelResponse, U16, U8, U16),
    st.builds(CloseTunnel, U16),
    st.builds(Transfer, U16, st.binary(max_size=60)),
    st.builds(TransferError, U16, U8),
    st.builds(AckTransfer, U16, U16),
    st.builds(GetProtocols, U8),
    st.builds(Protocols, U8, U8, U16, U8),
    st.builds(ClosureNotification, U16),
)


class Link:
    """A client and a server, and what crossed; ``drop`` payloads are lost."""

    def __init__(self, **settings: float) -> None:
        self.server = TunnelServer(ServerSettings(**settings))  # type: ignore[arg-type]
        self.client = TunnelClient()
        self.now = 1000.0
        self.at_client: list[bytes] = []
        self.at_server: list[bytes] = []
        self.failures: list[str] = []

    def carry(self, turn: TunnelTurn) -> None:
        self.at_client += turn.messages
        self.failures += turn.failures
        for payload in turn.payloads:
            answer = self.server.receive(HUB, payload, self.now)
            self.at_server += [message for _, message in answer.messages]
            self.failures += answer.failures
            for _, back in answer.payloads:
                self.carry(self.client.receive(back, self.now))

    def say(self, message: bytes) -> None:
        """The server speaks."""
        turn = self.server.send(HUB, message, self.now)
        self.failures += turn.failures
        for _, payload in turn.payloads:
            self.carry(self.client.receive(payload, self.now))

    def wait(self) -> float:
        """Let time go by until the client does something; how long that took."""
        before, deadline = self.now, self.client.next_deadline()
        assert deadline is not None
        self.now = deadline
        self.carry(self.client.tick(self.now))
        return self.now - before


@given(COMMANDS, st.booleans(), U8)
def test_commands_there_and_back(command: object, to_server: bool, sequence: int) -> None:
    if type(command) not in (TO_SERVER if to_server else TO_CLIENT).values():
        return
    frame = TunnelFrame(command, to_server, sequence)  # type: ignore[arg-type]
    assert decode(frame.encode()) == frame


def test_bytes_on_the_air() -> None:
    assert TunnelFrame(RequestTunnel(), True, 0x10).encode().hex(" ") == "11 10 00 06 ff ff 00 dc 05"
    assert TunnelFrame(RequestTunnelResponse(5), False, 0x10).encode().hex(" ") == "19 10 00 05 00 00 dc 05"
    assert TunnelFrame(Transfer(5, b"data"), True, 7).encode() == wrap(b"data", 5, to_server=True, sequence=7)
    assert unwrap(TunnelFrame(Transfer(5, b"data"), False, 7).encode()).message == b"data"


@given(st.binary(max_size=20))
def test_any_bytes_are_a_command_or_refused(data: bytes) -> None:
    with suppress(DecodeError):
        decode(data)
    TunnelClient().receive(data, 0.0)
    TunnelServer().receive(HUB, data, 0.0)


def test_messages_wait_for_the_tunnel_and_go_through_it_in_order() -> None:
    link = Link(first_id=0xABCD)
    turn = link.client.send(b"one", link.now) + link.client.send(b"two", link.now)
    assert len(turn.payloads) == 1 and link.client.state is TunnelState.ASKED
    link.carry(turn)
    link.say(b"three")
    assert (link.at_server, link.at_client, link.failures) == ([b"one", b"two"], [b"three"], [])
    assert link.client.tunnel_id == 0xABCD and link.client.next_deadline() is None


def test_a_client_that_asks_again_is_given_the_same_tunnel() -> None:
    link = Link(first_id=9)
    link.carry(link.client.open(link.now))
    link.carry(link.client.rejoined(link.now))
    assert link.client.tunnel_id == 9 and link.client.asked == 2
    answer = link.server.receive(OTHER, TunnelFrame(RequestTunnel(), True).encode(), link.now)
    assert decode(answer.payloads[0][1]).command == RequestTunnelResponse(10)


def test_data_that_cross_a_request_for_the_same_tunnel_are_taken() -> None:
    link = Link(first_id=9)
    link.carry(link.client.open(link.now))
    asking = link.client.rejoined(link.now)
    link.say(b"crossing")
    link.carry(asking)
    assert link.at_client == [b"crossing"] and link.failures == [] and link.client.state is TunnelState.OPEN


def test_a_busy_server_is_asked_again_in_three_minutes() -> None:
    link = Link(busy_at_first=2)
    link.carry(link.client.send(b"late", link.now))
    assert link.client.state is TunnelState.WAITS
    assert (link.wait(), link.wait()) == (180.0, 180.0)
    assert link.at_server == [b"late"] and link.client.state is TunnelState.OPEN
    assert link.failures == ["the server is busy; asked again in 180 s"] * 2


def test_no_more_tunnels_closes_the_old_one_and_asks_again() -> None:
    link = Link(tunnels=1)
    link.carry(link.client.open(link.now))
    link.server.forget(HUB)
    link.server.receive(OTHER, TunnelFrame(RequestTunnel(), True).encode(), link.now)
    link.carry(link.client.send(b"x", link.now))
    assert link.client.state is TunnelState.WAITS and "no more tunnels" in link.failures[0]
    link.server.forget(OTHER)
    assert link.wait() == 5.0
    assert link.client.state is TunnelState.OPEN and link.at_server == [b"x"]


def test_a_message_that_met_no_tunnel_is_sent_again_in_the_next_one() -> None:
    link = Link()
    link.carry(link.client.open(link.now))
    link.server.forget(HUB)
    link.carry(link.client.send(b"once", link.now))
    assert link.at_server == [b"once"] and link.client.asked == 2 and link.failures == []


def test_a_tunnel_that_nobody_uses_is_closed_and_asked_for_again() -> None:
    link = Link(close_after_s=60)
    link.carry(link.client.open(link.now))
    assert link.server.next_deadline() == link.now + 60
    link.now += 60
    for _, payload in link.server.tick(link.now).payloads:
        assert isinstance(decode(payload).command, ClosureNotification)
        link.carry(link.client.receive(payload, link.now))
    assert link.client.state is TunnelState.OPEN and link.client.asked == 2


def test_use_starts_the_time_of_a_tunnel_anew() -> None:
    link = Link(close_after_s=60)
    link.carry(link.client.open(link.now))
    link.now += 59
    link.carry(link.client.send(b"x", link.now))
    link.now += 59
    assert link.server.tick(link.now).payloads == ()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (RequestTunnel(protocol=0), TunnelStatus.PROTOCOL_NOT_SUPPORTED),
        (RequestTunnel(manufacturer=1), TunnelStatus.PROTOCOL_NOT_SUPPORTED),
        (RequestTunnel(flow_control=1), TunnelStatus.FLOW_CONTROL_NOT_SUPPORTED),
    ],
)
def test_what_gbcs_does_not_know_is_refused_for_good(request_: RequestTunnel, status: TunnelStatus) -> None:
    link = Link()
    link.client = TunnelClient(request=request_)
    link.carry(link.client.open(link.now))
    assert link.client.state is TunnelState.REFUSED and link.client.next_deadline() is None
    assert link.failures == [f"no tunnel: {status.name.lower().replace('_', ' ')}"]


def test_a_stranger_gets_no_tunnel() -> None:
    server = TunnelServer(knows=lambda client: client == HUB)
    (_, payload), *_ = server.receive(OTHER, TunnelFrame(RequestTunnel(), True).encode(), 0.0).payloads
    assert decode(payload).command == RequestTunnelResponse(0xFFFF, TunnelStatus.PROTOCOL_NOT_SUPPORTED)


def test_no_answer_is_asked_again_and_said() -> None:
    client = TunnelClient()
    client.send(b"x", 0.0)
    turn = client.tick(client.next_deadline() or 0.0)
    assert len(turn.payloads) == 1 and turn.failures == ("no answer to a request for a tunnel",)


def test_what_the_radio_gave_up_is_said() -> None:
    link = Link()
    (payload,) = link.client.open(link.now).payloads
    turn = link.client.undelivered(payload, "nobody there", link.now)
    assert turn.failures == ("no tunnel yet: nobody there",) and link.wait() == 5.0
    (payload,) = link.client.send(b"abc", link.now).payloads
    assert link.client.undelivered(payload, "gone", link.now).failures == (
        "a message of 3 bytes was not delivered: gone",
    )


def test_lengths_are_limited_both_ways() -> None:
    link = Link(room=1000)
    link.carry(link.client.open(link.now))
    link.carry(link.client.send(bytes(1001), link.now))
    link.say(bytes(1501))
    assert link.failures == [
        "a message of 1,001 bytes: the server takes 1,000",
        "a message of 1,501 bytes: the client takes 1,500",
    ]
    overflow = link.server.receive(HUB, TunnelFrame(Transfer(0, bytes(1001)), True).encode(), link.now)
    assert decode(overflow.payloads[0][1]).command == TransferError(0, 2)


def test_data_in_somebody_elses_tunnel_is_refused() -> None:
    link = Link()
    link.carry(link.client.open(link.now))
    answer = link.server.receive(OTHER, TunnelFrame(Transfer(0, b"x"), True).encode(), link.now)
    assert decode(answer.payloads[0][1]).command == TransferError(0, 1)
    assert link.server.send(OTHER, b"x", 0.0).failures == ("a message of 1 bytes had no tunnel to go through",)


def test_a_closed_tunnel_is_closed_at_both_ends() -> None:
    link = Link()
    link.carry(link.client.open(link.now))
    link.carry(link.client.close())
    assert not link.server.has(HUB) and link.client.state is TunnelState.CLOSED


def test_supported_protocols_are_gb_hrgp_alone() -> None:
    answer = TunnelServer().receive(HUB, TunnelFrame(GetProtocols(), True, 3).encode(), 0.0)
    assert decode(answer.payloads[0][1]) == TunnelFrame(Protocols(1, 1, 0xFFFF, 6), False, 3)


# ---------------------------------------------------------------------- devices that sleep


class Sleeper:
    """A gas meter and its hub."""

    def __init__(self) -> None:
        self.device, self.hub, self.now = SleepyDevice(), SleepyHub(), 0.0
        self.at_device: list[bytes] = []
        self.at_hub: list[bytes] = []

    def carry(self, turn: TunnelTurn) -> None:
        self.at_device += turn.messages
        assert turn.failures == ()
        for payload in turn.payloads:
            answer = self.hub.receive(OTHER, payload, self.now)
            self.at_hub += [message for _, message in answer.messages]
            for _, back in answer.payloads:
                self.carry(self.device.receive(back, self.now))


def test_a_sleeping_meter_fetches_all_that_waits_and_brings_its_answers() -> None:
    home = Sleeper()
    for message in (b"one", b"two", b"three"):
        assert home.hub.queue(OTHER, message, home.now) == ()
    assert home.at_device == [] and home.hub.waits_for(OTHER) == 3
    home.carry(home.device.wake(home.now))
    assert home.at_device == [b"one", b"two", b"three"] and home.hub.waits_for(OTHER) == 0
    home.carry(home.device.send(b"answer", home.now))
    assert home.at_hub == [b"answer"]
    home.carry(home.device.wake(home.now))
    assert len(home.at_device) == 3


def test_what_is_not_fetched_within_a_day_is_gone_and_counted() -> None:
    home = Sleeper()
    home.hub.queue(OTHER, b"old", 0.0)
    home.now = 24 * 3600.0
    home.hub.queue(OTHER, b"new", home.now)
    home.carry(home.device.wake(home.now))
    assert home.at_device == [b"new"] and home.hub.not_fetched == 1


def test_what_fits_no_answer_is_refused_when_it_is_queued() -> None:
    home = Sleeper()
    assert home.hub.queue(OTHER, bytes(MAX_MESSAGE_BYTES), 0.0) == ()
    (why,) = home.hub.queue(OTHER, bytes(MAX_MESSAGE_BYTES + 1), 0.0)
    assert "does not fit a GET-RESPONSE" in why

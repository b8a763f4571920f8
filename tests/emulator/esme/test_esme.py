"""The meter's core: whom it believes, what it refuses and how, and that nothing that arrives makes it raise."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import vectors
from mutations import flipped, mutated
from one_meter import (
    ACB,
    FIRST,
    KEYS,
    LAST,
    MDR,
    METER,
    NOW,
    OPERATOR,
    OTHER_MDR,
    OTHER_METER,
    READERS,
    STRANGER,
    SUPPLIER,
    Asker,
    meter,
    values,
)

from emulator.device.policy import DevicePolicy, Discard
from emulator.esme.esme import Esme
from gbcs.catalogue import by_use_case
from gbcs.dlms import AccessRequest, AccessResponse, Choice, ProtectedRead, ResultCode, Specification
from gbcs.dlms.data import NULL
from gbcs.framing import Cra, OtherInformation, decode
from gbcs.payload import decode_payload, encode_payload
from gbcs.security import seal, sign
from gbcs.times import cosem


def state(esme: Esme) -> tuple[object, ...]:
    """What commands can change on a meter, but for its count of discarded ones."""
    guard = esme.replay
    return (esme.supplementary_counter, dict(guard._seen), dict(guard._answers))


def discards(esme: Esme, frame: bytes) -> Discard:
    """The reason for which a frame is dropped without an answer; it must change nothing else."""
    before, counted = state(esme), dict(esme.discarded)
    assert esme.receive(frame, NOW) == ()
    assert state(esme) == before
    (reason,) = (key for key, count in esme.discarded.items() if count != counted.get(key, 0))
    return reason


# ---------------------------------------------------------------------- what is discarded


def test_a_command_for_another_meter_is_dropped() -> None:
    assert discards(meter(), Asker(recipient=OTHER_METER).command("ECS22b")) is Discard.WRONG_RECIPIENT


def test_a_party_that_the_meter_does_not_know_is_dropped() -> None:
    assert discards(meter(), Asker().command("ECS22a", originator=STRANGER)) is Discard.UNKNOWN_PARTY
    assert discards(meter(), Asker().command("ECS22a", originator=MDR)) is Discard.UNKNOWN_PARTY


def test_a_wrong_mac_is_dropped_and_the_right_one_is_answered_afterwards() -> None:
    esme, command = meter(), Asker().command("ECS22a")
    assert discards(esme, flipped(command, 8 * len(command) - 1)) is Discard.BAD_MAC
    assert len(esme.receive(command, NOW)) == 1


def test_no_single_changed_bit_of_a_command_is_answered() -> None:
    esme, command = meter(), Asker().command("ECS22a")
    for bit in range(8 * len(command)):
        assert esme.receive(flipped(command, bit), NOW) == ()
    assert sum(esme.discarded.values()) == 8 * len(command)
    assert state(esme) == state(meter())


@pytest.mark.parametrize("cra", [Cra.RESPONSE, Cra.ALERT])
def test_responses_and_alerts_are_no_commands(cra: Cra) -> None:
    assert discards(meter(), Asker().changed("ECS22a", cra=cra)) is Discard.NOT_A_COMMAND


def test_a_bare_or_signed_command_without_a_mac_is_no_command() -> None:
    message = Asker().message("ECS22a")
    assert discards(meter(), message.encode()) is Discard.NOT_A_COMMAND
    assert discards(meter(), sign(message, KEYS).encode()) is Discard.NOT_A_COMMAND
    assert discards(meter(), replace(message, signature=None).encode()) is Discard.NOT_A_COMMAND


@pytest.mark.parametrize("frame", [b"", b"\xdd", b"\xdd\x09\x01", bytes(200), b"\xff" * 1500])
def test_what_is_no_message_is_malformed(frame: bytes) -> None:
    assert discards(meter(), frame) is Discard.MALFORMED


def test_an_authentic_command_with_a_payload_cut_short_is_malformed() -> None:
    message = Asker().message("ECS22a")
    assert discards(meter(), seal(replace(message, content=message.content[:-1]), KEYS)) is Discard.MALFORMED
    assert discards(meter(), seal(replace(message, content=b""), KEYS)) is Discard.MALFORMED


@pytest.mark.parametrize("use_case", ["GCS01a", "GCS13a"])
def test_use_cases_of_a_gas_meter_are_not_supported(use_case: str) -> None:
    other = OtherInformation(by_use_case(use_case).code)
    assert discards(meter(), Asker().changed("ECS22a", other=other)) is Discard.UNSUPPORTED


def test_a_critical_command_without_a_signature_is_dropped() -> None:
    other = OtherInformation(by_use_case("ECS02").code)
    assert discards(meter(), Asker().changed("ECS22a", other=other)) is not Discard.BAD_MAC


def test_unknown_codes_and_payloads_that_are_no_requests_are_not_supported() -> None:
    assert discards(meter(), Asker().changed("ECS22a", other=OtherInformation(0xFFFE))) is Discard.UNSUPPORTED
    response = encode_payload(AccessResponse(1, (), ()))
    assert discards(meter(), Asker().changed("ECS22a", content=response)) is Discard.UNSUPPORTED


def test_a_certificate_of_another_party_is_dropped() -> None:
    asker = Asker()
    message = asker.message("ECS22b", party=MDR)
    for certificate in (KEYS.ka_certificate(OTHER_MDR), b"\x30" + bytes(300)):
        wrong = replace(message, other=replace(message.other, certificate=certificate))
        assert discards(meter(), seal(wrong, KEYS)) is Discard.BAD_CERTIFICATE


# ---------------------------------------------------------------------- replay, resend, overtaking


def test_identical_bytes_get_the_identical_answer_and_change_nothing() -> None:
    esme, asker = meter(), Asker()
    command = asker.command("ECS22b", party=MDR)
    first = esme.receive(command, NOW)
    after = state(esme)
    assert esme.receive(command, NOW + 60) == first
    assert state(esme) == after and esme.supplementary_counter == 1


def test_a_used_counter_with_other_bytes_is_a_replay() -> None:
    esme = meter()
    assert esme.receive(Asker().command("ECS22a"), NOW)
    assert discards(esme, Asker().command("ECS22a", last=LAST + 1800)) is Discard.REPLAY


def test_an_answer_that_is_no_longer_kept_is_not_made_twice() -> None:
    esme, asker = meter(), Asker()
    commands = [asker.command("ECS22a") for _ in range(6)]
    for command in commands:
        assert len(esme.receive(command, NOW)) == 1
    assert discards(esme, commands[0]) is Discard.REPLAY
    assert len(esme.receive(commands[-1], NOW)) == 1


def test_commands_may_overtake_each_other_inside_the_window_only() -> None:
    asker = Asker()
    commands = [asker.command("ECS22a") for _ in range(9)]
    esme = meter(window=8)
    assert len(esme.receive(commands[8], NOW)) == 1
    assert all(len(esme.receive(command, NOW)) == 1 for command in reversed(commands[1:8]))
    assert discards(esme, commands[0]) is Discard.REPLAY


def test_counters_are_those_of_one_originator() -> None:
    esme = meter()
    assert len(esme.receive(Asker(counter=5000).command("ECS22b"), NOW)) == 1
    assert len(esme.receive(Asker(counter=10).command("ECS22b", originator=OPERATOR), NOW)) == 1


def test_without_replay_checks_every_read_is_answered_anew() -> None:
    esme, asker = meter(policy=DevicePolicy(replay_reads=False)), Asker()
    commands = [asker.command("ECS22a") for _ in range(3)]
    answers = [esme.receive(command, NOW) for command in (commands[2], commands[0], commands[0])]
    assert all(len(answer) == 1 for answer in answers) and answers[1] == answers[2]
    assert state(esme) == (0, {}, {})


# ---------------------------------------------------------------------- what is answered with a code


@pytest.mark.parametrize(
    ("use_case", "originator", "party"),
    [("ECS22a", SUPPLIER, None), ("ECS17a", SUPPLIER, None), ("ECS21a", OPERATOR, None), ("ECS17b", ACB, MDR)],
)
def test_a_role_without_permission_gets_the_code_of_the_policy(
    use_case: str, originator: bytes, party: bytes | None
) -> None:
    command = Asker().command(use_case, originator=originator, party=party)
    refused = values(meter(policy=DevicePolicy(no_permission_code=3)).receive(command, NOW))
    assert (refused.code, refused.rows, refused.registers) == (3, None, ())
    assert values(meter(policy=DevicePolicy(no_permission_code=13)).receive(command, NOW)).code == 13


def test_the_proposed_change_lets_the_broker_read_import_registers() -> None:
    command = Asker().command("ECS17b", party=MDR)
    assert values(meter(policy=DevicePolicy("4.3")).receive(command, NOW)).code == ResultCode.READ_WRITE_DENIED
    assert values(meter(policy=DevicePolicy("4.3+MP162")).receive(command, NOW)).code == 0


def ask(*specifications: Specification, use_case: str = "ECS22a", policy: DevicePolicy | None = None) -> AccessResponse:
    """The answer's items to any list of specifications."""
    request = AccessRequest(1, specifications, (NULL,) * len(specifications))
    (answer,) = meter(policy=policy).receive(Asker().changed(use_case, content=encode_payload(request)), NOW)
    payload = decode_payload(decode(answer).content)
    assert isinstance(payload, AccessResponse)
    return payload


def codes(response: AccessResponse) -> list[int]:
    return [result.code for result in response.results]


def test_an_unknown_object_gets_the_code_of_the_policy() -> None:
    unknown = Specification(Choice.GET, 7, bytes(6), 2)
    assert codes(ask(unknown)) == [ResultCode.OBJECT_UNDEFINED]
    assert codes(ask(unknown, policy=DevicePolicy(unknown_object_code=11))) == [11]


def test_a_protected_object_is_not_read_in_clear() -> None:
    clear = Specification(Choice.GET, 7, bytes.fromhex("0000630100ff"), 2)
    response = ask(clear, use_case="ECS22b")
    assert codes(response) == [ResultCode.SCOPE_OF_ACCESS_VIOLATED] and response.data == (NULL,)


def test_an_object_of_another_use_case_is_refused() -> None:
    daily = Specification(Choice.GET, 7, bytes.fromhex("0000620 10aff".replace(" ", "")), 2)
    assert codes(ask(daily, policy=DevicePolicy(wrong_access_code=9))) == [9]


def test_break_on_error_keeps_what_came_before_and_attempts_nothing_after() -> None:
    export, reactive = (bytes.fromhex(f"0100{n}0800ff") for n in ("02", "04"))
    good, bad = Specification(Choice.GET, 3, export, 2), Specification(Choice.GET, 3, reactive, 9)
    response = ask(good, bad, good, use_case="ECS17a")
    assert codes(response) == [0, ResultCode.OBJECT_UNAVAILABLE, ResultCode.OTHER_REASON]
    assert response.data[0] != NULL and response.data[1:] == (NULL, NULL)
    assert [result.kind for result in response.results] == [1, 1, 1]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (Specification(Choice.SET, 3, bytes.fromhex("0100020800ff"), 2), 2),
        (Specification(Choice.ACTION, 3, bytes.fromhex("0100020800ff"), 1), 3),
        (Specification(Choice.ACTION, 30, bytes.fromhex("00002b0207ff"), 2), 3),
        (Specification(Choice.ACTION, 30, bytes.fromhex("00002b0207ff"), 1), 3),
    ],
)
def test_what_a_read_may_not_do_fails_and_keeps_its_kind(asked: Specification, kind: int) -> None:
    response = ask(asked, use_case="ECS17a")
    (result,) = response.results
    assert result.kind == kind and result.code not in (0, ResultCode.OTHER_REASON)
    assert response.data == (NULL,)


def test_a_selector_other_than_the_range_is_refused() -> None:
    profile = bytes.fromhex("0000630101ff")
    response = ask(Specification(Choice.GET_WITH_SELECTION, 7, profile, 2, 2, NULL))
    assert [(r.kind, r.code) for r in response.results] == [(1, ResultCode.TYPE_UNMATCHED)]


def test_an_empty_request_gets_an_empty_answer() -> None:
    assert ask() == AccessResponse(1, (), ())


@pytest.mark.parametrize("use_case", ["ECS22a", "ECS22b", "ECS21c"])
def test_an_empty_range_is_an_empty_array_or_the_code_of_the_policy(use_case: str) -> None:
    command = Asker().command(use_case, first=LAST, last=FIRST)
    shown = values(meter().receive(command, NOW))
    assert shown.code == 0 and shown.rows is not None and len(shown.rows) == 0
    assert values(meter(policy=DevicePolicy(empty_range_code=14)).receive(command, NOW)).code == 14


def test_bounds_that_are_no_points_in_time_are_refused() -> None:
    message = Asker().message("ECS22b")
    anytime = message.content.replace(cosem(FIRST), b"\xff" * 9 + b"\x80\x00\xff")
    assert anytime != message.content
    refused = values(meter().receive(seal(replace(message, content=anytime), KEYS), NOW))
    assert refused.code == ResultCode.TYPE_UNMATCHED


def test_an_answer_too_long_for_a_message_is_refused_with_the_code_of_the_policy() -> None:
    command = Asker().command("ECS22b", party=MDR, first=LAST - 400 * 86400, last=LAST)
    esme = meter(policy=DevicePolicy(too_long_code=14))
    (answer,) = esme.receive(command, NOW)
    assert values((answer,)).code == 14
    assert decode(answer).other.supplementary_originator_counter is None
    longest = values(esme.receive(Asker(counter=2000).command("ECS22b", first=LAST - 8000 * 1800, last=LAST), NOW))
    assert longest.rows is not None and len(longest.rows) == 8001


# ---------------------------------------------------------------------- the answer itself


@pytest.mark.parametrize("use_case", READERS)
def test_the_answer_mirrors_the_command(use_case: str) -> None:
    command = Asker().command(use_case)
    asked, answer = decode(command), decode(meter().receive(command, NOW)[0])
    assert (answer.originator, answer.recipient) == (asked.recipient, asked.originator)
    assert (answer.originator_counter, answer.message_code) == (asked.originator_counter, asked.message_code)
    assert answer.other.supplementary_id == asked.other.supplementary_id
    assert answer.other.supplementary_counter == asked.other.supplementary_counter
    assert answer.other.certificate is None and answer.signature == b"" and answer.mac is not None
    assert answer.date_time == (cosem(NOW) if by_use_case(use_case).header_date_time else b"")


def test_a_refusal_carries_the_header_time_like_a_success() -> None:
    (answer,) = meter().receive(Asker().command("ECS17a", originator=SUPPLIER), NOW)
    assert decode(answer).date_time == cosem(NOW)


def test_the_device_counts_what_it_encrypts_for_unknown_parties() -> None:
    esme, asker = meter(), Asker()
    shown = []
    for use_case, party in (("ECS22b", MDR), ("ECS22b", OTHER_MDR), ("ECS22a", MDR), ("ECS21a", MDR), ("ECS22b", None)):
        other = decode(esme.receive(asker.command(use_case, party=party), NOW)[0]).other
        shown.append(other.supplementary_originator_counter)
    assert shown == [1, 2, None, 3, None]


def test_a_protected_read_through_the_broker_needs_a_certificate() -> None:
    message = Asker().message("ECS22b", party=MDR)
    without = replace(message, other=replace(message.other, certificate=None))
    assert values(meter().receive(seal(without, KEYS), NOW)).code == ResultCode.OTHER_REASON


def test_the_meters_own_clock_bounds_what_it_shows() -> None:
    class Behind:
        def reads(self, now: float) -> float:
            return now - 3600

    command = Asker().command("ECS22b", first=NOW - 3600, last=NOW)
    on_time, late = (values(meter(clock=clock).receive(command, NOW + 5)).rows for clock in (None, Behind()))
    assert on_time is not None and late is not None
    assert (on_time[:, 0].tolist(), late[:, 0].tolist()) == ([NOW - 3600, NOW - 1800, NOW], [NOW - 3600])


def test_a_meter_without_timers_has_nothing_to_do() -> None:
    assert meter().next_deadline() is None and meter().tick(NOW) == ()


# ---------------------------------------------------------------------- hostile bytes


def test_no_mutilated_frame_makes_the_meter_raise_or_answer() -> None:
    esme, chance = meter(), random.Random("esme frames")
    commands = [data for data in vectors.messages() if METER in data]
    for _ in range(4000):
        frame = mutated(chance, chance.choice(commands), commands)
        assert esme.receive(frame, NOW) == () or frame in commands


def test_no_authentic_nonsense_makes_the_meter_raise() -> None:
    esme, asker, chance = meter(), Asker(), random.Random("esme contents")
    messages = [asker.message(name, party=party) for name in READERS for party in (None, MDR)]
    contents = [message.content for message in messages]
    answered = 0
    for number in range(4000):
        message = chance.choice(messages)
        other = chance.choice(messages).other if number % 9 == 0 else message.other
        content = mutated(chance, message.content, contents)
        frame = replace(message, originator_counter=5000 + number, other=other, content=content)
        answered += len(esme.receive(seal(frame, KEYS), NOW))
    assert answered > 400
    assert set(esme.discarded) <= {Discard.MALFORMED, Discard.UNSUPPORTED, Discard.BAD_CERTIFICATE}


def test_a_protected_read_of_nothing_and_of_too_much_is_answered() -> None:
    asker = Asker()
    message = asker.message("ECS22b")
    request = decode_payload(message.content)
    assert isinstance(request, AccessRequest) and isinstance(request.arguments[0], ProtectedRead)
    for objects in ((), request.arguments[0].objects * 3, request.arguments[0].objects * 200):
        argument = replace(request.arguments[0], objects=objects)
        content = encode_payload(replace(request, arguments=(argument,)))
        asker.counter += 1
        frame = seal(replace(message, originator_counter=asker.counter, content=content), KEYS)
        assert len(meter().receive(frame, NOW)) == 1

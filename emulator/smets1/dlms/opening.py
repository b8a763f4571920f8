"""How an association opens: what an AARQ must bring for the client's row of the profile, and the AARE in answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.smets1.dlms import acse
from emulator.smets1.dlms.acse import Aare, Aarq, Diagnostic, InitiateError, InitiateRequest, Source
from emulator.smets1.dlms.ciphering import FUSED_ENVELOPE, GENERAL, TITLE_SIZE, Ciphered, CounterReplayed, Envelope
from emulator.smets1.dlms.device import DlmsDevice
from emulator.smets1.dlms.settings import ClientSettings
from emulator.smets1.dlms.view import View
from gbcs.errors import DecodeError, RemoteError

_USER, _PROVIDER = 0xA1, 0xA2
_CHALLENGE_SIZES = range(8, 65)
_UNLIMITED = 0xFFFF


class Rejected(Exception):
    """An association that is refused, and the AARE that says so."""

    def __init__(self, diagnostic: int, *, source: int = _USER, initiate: InitiateError | None = None) -> None:
        super().__init__(f"diagnostic {diagnostic}")
        information = None if initiate is None else acse.initiate_error(initiate)
        self.aare = acse.AARE.build(Aare(acse.CONTEXT_LN, 1, Source(source, diagnostic), user_information=information))


@dataclass(frozen=True, slots=True)
class Opened:
    """An association that was accepted: its view, the answer, and for HLS what the client has to prove.

    ``counter`` is the client's last invocation counter before the proof; ``initiate`` the negotiated half, which the
    release repeats.
    """

    view: View
    aare: bytes
    initiate: bytes
    form: int = 0
    client_challenge: bytes = b""
    server_challenge: bytes = b""
    counter: int = 0


def open_association(device: DlmsDevice, client_sap: int, server_sap: int, apdu: bytes) -> Opened:
    """Take an AARQ. Raises Rejected, and CounterReplayed where its ciphered part was sent before."""
    try:
        aarq: Aarq = acse.parse(acse.AARQ, apdu, "AARQ")
    except DecodeError:
        raise Rejected(1, source=_PROVIDER) from None
    client = device.clients.get(client_sap)
    if client is None:
        raise Rejected(Diagnostic.NO_REASON)
    _CHECKS[client.security](device, client, aarq)
    ciphered = client.security == "gmac"
    form, request = _initiate(device, aarq, ciphered=ciphered)
    view = _view(device, client, server_sap, aarq, request)
    initiate = acse.FUSED_INITIATE_RESPONSE.build(
        acse.InitiateResponse(view.conformance.to_bytes(3, "big"), device.settings.max_pdu.value)
    )
    if not ciphered:
        aare = Aare(acse.CONTEXT_LN, 0, Source(_USER, Diagnostic.NONE), user_information=initiate)
        return Opened(view, acse.AARE.build(aare), initiate)
    challenge = device.challenge()
    aare = Aare(
        acse.CONTEXT_LN_CIPHERED,
        0,
        Source(_USER, Diagnostic.AUTHENTICATION_REQUIRED),
        device.keys.title,
        acse.AUTHENTICATION_FUNCTIONAL_UNIT,
        acse.MECHANISM_GMAC,
        challenge,
        device.keys.envelope(form, Ciphered.INITIATE_RESPONSE, initiate),
    )
    last = device.keys.last_of[view.client_title]
    return Opened(view, acse.AARE.build(aare), initiate, form, aarq.authentication or b"", challenge, last)


# ---------------------------------------------------------------------- by security


def _check_none(_device: DlmsDevice, _client: ClientSettings, aarq: Aarq) -> None:
    _check_names(aarq, acse.CONTEXT_LN, (None, acse.MECHANISM_NONE))


def _check_lls(device: DlmsDevice, client: ClientSettings, aarq: Aarq) -> None:
    _check_names(aarq, acse.CONTEXT_LN, (acse.MECHANISM_LLS,))
    if not device.knows(client, aarq.authentication or b""):
        raise Rejected(Diagnostic.AUTHENTICATION_FAILURE)


def _check_gmac(_device: DlmsDevice, _client: ClientSettings, aarq: Aarq) -> None:
    _check_names(aarq, acse.CONTEXT_LN_CIPHERED, (acse.MECHANISM_GMAC,))
    if aarq.calling_title is None or len(aarq.calling_title) != TITLE_SIZE:
        raise Rejected(Diagnostic.TITLE_NOT_RECOGNISED)
    if len(aarq.authentication or b"") not in _CHALLENGE_SIZES:
        raise Rejected(Diagnostic.AUTHENTICATION_FAILURE)


_CHECKS: dict[str, Callable[[DlmsDevice, ClientSettings, Aarq], None]] = {
    "none": _check_none,
    "lls": _check_lls,
    "gmac": _check_gmac,
}


def _check_names(aarq: Aarq, context: bytes, mechanisms: tuple[bytes | None, ...]) -> None:
    if aarq.context != context:
        raise Rejected(Diagnostic.CONTEXT_NOT_SUPPORTED)
    if aarq.mechanism not in mechanisms:
        raise Rejected(Diagnostic.MECHANISM_REQUIRED if aarq.mechanism is None else Diagnostic.MECHANISM_NOT_RECOGNISED)


# ---------------------------------------------------------------------- the xDLMS half


def _initiate(device: DlmsDevice, aarq: Aarq, *, ciphered: bool) -> tuple[int, InitiateRequest]:
    """The ciphered form that the initiate request came in (0: none) and the request."""
    information, form = aarq.user_information or b"", 0
    try:
        if ciphered:
            envelope: Envelope = FUSED_ENVELOPE.parse(information)
            form = envelope.form
            if form not in (Ciphered.INITIATE_REQUEST, GENERAL):
                raise Rejected(Diagnostic.AUTHENTICATION_FAILURE)
            information = device.keys.open(aarq.calling_title or b"", envelope)
        return form, acse.FUSED_INITIATE_REQUEST.parse(information)
    except CounterReplayed:
        raise
    except RemoteError:
        if ciphered:
            raise Rejected(Diagnostic.AUTHENTICATION_FAILURE) from None
        raise Rejected(1, source=_PROVIDER) from None


def _view(device: DlmsDevice, client: ClientSettings, server_sap: int, aarq: Aarq, request: InitiateRequest) -> View:
    conformance = int.from_bytes(request.conformance, "big") & acse.SUPPORTED
    if request.version < acse.DLMS_VERSION:
        raise Rejected(Diagnostic.NO_REASON, initiate=InitiateError.VERSION_TOO_LOW)
    if not conformance & acse.Conformance.GET:
        raise Rejected(Diagnostic.NO_REASON, initiate=InitiateError.INCOMPATIBLE_CONFORMANCE)
    if 0 < request.max_pdu < acse.MIN_PDU:
        raise Rejected(Diagnostic.NO_REASON, initiate=InitiateError.PDU_TOO_SHORT)
    return View(
        device=device,
        role=client.rank,
        client_sap=client.sap,
        server_sap=server_sap,
        context=aarq.context,
        mechanism=aarq.mechanism or acse.MECHANISM_NONE,
        conformance=conformance,
        client_max_pdu=request.max_pdu or _UNLIMITED,
        client_title=aarq.calling_title or b"",
    )

"""The frames of a HAN in scapy's layers, and the layers that scapy lacks. The one file that imports scapy.

scapy has 802.15.4, the Zigbee network and application layers and ZCL. Added here, in its own style: the commands of the
Smart Energy Tunneling cluster, and the security of both layers (scapy parses the auxiliary header and stops there).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from scapy.config import conf
from scapy.error import Scapy_Exception
from scapy.fields import ByteEnumField, ByteField, StrField, XLEShortField
from scapy.layers.dot15d4 import Dot15d4Data, Dot15d4FCS
from scapy.layers.zigbee import ZigbeeAppDataPayload, ZigbeeClusterLibrary, ZigbeeNWK, ZigbeeSecurityHeader
from scapy.packet import Packet
from scapy.utils import PcapWriter, RawPcapReader

from gbcs.errors import AuthenticationError, DecodeError, LocalError
from gbcs.eui64 import Eui64
from rigs.radio import ccm_star
from tools.capture.model import WHOLE, Aps, Heard, Route

conf.dot15d4_protocol = "zigbee"  # type: ignore[assignment]  # scapy declares its default, None

LINK_TYPE_802_15_4_FCS = 195
_PROFILE_SMART_ENERGY = 0x0109
_ENDPOINT = 1
_RADIUS = 30
_FCS_BYTES = 2
# ---------------------------------------------------------------------- what scapy lacks: Tunneling


class RequestTunnel(Packet):
    """Smart Energy Tunneling: the client asks for a tunnel."""

    name = "RequestTunnel"
    fields_desc: ClassVar[list[Any]] = [
        ByteField("protocol", 6),
        XLEShortField("manufacturer", 0xFFFF),
        ByteField("flow_control", 0),
        XLEShortField("max_incoming", 1500),
    ]


class RequestTunnelResponse(Packet):
    """Smart Energy Tunneling: the server opens it, or says why not."""

    name = "RequestTunnelResponse"
    fields_desc: ClassVar[list[Any]] = [
        XLEShortField("tunnel_id", 0),
        ByteEnumField("status", 0, {0: "success", 1: "busy", 2: "no_more_ids", 3: "protocol", 4: "flow_control"}),
        XLEShortField("max_incoming", 1500),
    ]


class CloseTunnel(Packet):
    """Smart Energy Tunneling: a tunnel is, or was, closed."""

    name = "CloseTunnel"
    fields_desc: ClassVar[list[Any]] = [XLEShortField("tunnel_id", 0)]


class TransferData(Packet):
    """Smart Energy Tunneling: data, to the end of the frame."""

    name = "TransferData"
    fields_desc: ClassVar[list[Any]] = [XLEShortField("tunnel_id", 0), StrField("data", b"")]


class TransferDataError(Packet):
    """Smart Energy Tunneling: data that were not taken."""

    name = "TransferDataError"
    fields_desc: ClassVar[list[Any]] = [
        XLEShortField("tunnel_id", 0),
        ByteEnumField("status", 0, {0: "no_such_tunnel", 1: "wrong_device", 2: "overflow"}),
    ]


class TunnelingCluster(ZigbeeClusterLibrary):
    """A ZCL frame of the Tunneling cluster, whose commands are numbered anew in each direction."""

    name = "Zigbee Cluster Library (ZCL) Frame, Tunneling"
    match_subclass = True
    commands: ClassVar[dict[tuple[int, int], type[Packet]]] = {
        (0, 0): RequestTunnel,
        (0, 1): CloseTunnel,
        (0, 2): TransferData,
        (0, 3): TransferDataError,
        (1, 0): RequestTunnelResponse,
        (1, 1): TransferData,
        (1, 2): TransferDataError,
        (1, 6): CloseTunnel,
    }

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """The layer of a command."""
        found = (
            self.commands.get((self.command_direction, self.command_identifier)) if self.zcl_frametype == 1 else None
        )
        return found or conf.raw_layer


def request_tunnel() -> bytes:
    """The payload with which a client asks for a GBCS tunnel."""
    return bytes(TunnelingCluster(zcl_frametype=1, disable_default_response=1) / RequestTunnel())


def tunnel_opened(tunnel_id: int) -> bytes:
    """The payload with which a server grants it."""
    head = TunnelingCluster(zcl_frametype=1, disable_default_response=1, command_direction=1)
    return bytes(head / RequestTunnelResponse(tunnel_id=tunnel_id))


def transferred(payload: bytes) -> tuple[int, bool, bytes] | None:
    """Tunnel id, whether from client to server, and the data of a TransferData; None for any other payload.

    Raises DecodeError for what is no ZCL frame.
    """
    layer = _dissected(TunnelingCluster, payload)
    data = layer.getlayer(TransferData)
    return None if data is None else (data.tunnel_id, not layer.command_direction, bytes(data.data))


# ---------------------------------------------------------------------- frames


def frame(route: Route, aps: Aps, link_key: bytes, counter: int) -> bytes:
    """The bytes of a frame: the payload under the link key, everything above the MAC under the network key.

    scapy builds each kind of header once; what counts from frame to frame is set in its bytes, 50 times as quick.
    """
    source = route.source
    header = bytearray(_aps_header(aps.cluster, aps.fragment, aps.is_ack))
    header[_APS_COUNTER_AT] = aps.counter
    if aps.fragment != WHOLE:
        header[_APS_BLOCK_AT] = aps.block
    content = bytes(header)
    if not aps.is_ack:
        aux = _auxiliary(ccm_star.LINK_KEY, source.eui, counter)
        content = _sealed(content, aux, link_key, source.eui, counter, aps.payload)
    mac, network = (bytearray(one) for one in _lower_headers(route.pan, source.short, route.destination.short))
    mac[_MAC_SEQUENCE_AT], network[_NWK_SEQUENCE_AT] = route.mac_sequence, route.nwk_sequence
    aux = _auxiliary(ccm_star.NETWORK_KEY, source.eui, route.counter)
    data = mac + _sealed(bytes(network), aux, route.network_key, source.eui, route.counter, content)
    return bytes(data + _MAC.compute_fcs(data))  # type: ignore[no-untyped-call]


_MAC = Dot15d4FCS()
_MAC_SEQUENCE_AT, _NWK_SEQUENCE_AT, _APS_COUNTER_AT, _APS_BLOCK_AT, _AUX_COUNTER_AT = 2, 7, 7, 9, 1


@lru_cache
def _aps_header(cluster: int, fragment: int, is_ack: bool) -> bytes:
    flags = [] if is_ack else ["security", "ack_req"]
    if fragment != WHOLE:
        flags.append("extended_hdr")
    header = ZigbeeAppDataPayload(
        frame_control="+".join(flags), aps_frametype="ack" if is_ack else "data", dst_endpoint=_ENDPOINT,
        cluster=cluster, profile=_PROFILE_SMART_ENERGY, src_endpoint=_ENDPOINT, fragmentation=fragment, ack_bitfield=1,
    )  # fmt: skip
    return bytes(header)


@lru_cache(maxsize=4096)
def _lower_headers(pan: int, source: int, destination: int) -> tuple[bytes, bytes]:
    """Headers of MAC and network layer."""
    mac = Dot15d4FCS(
        fcf_panidcompress=1, fcf_ackreq=1, fcf_frametype=1, fcf_srcaddrmode=2, fcf_destaddrmode=2
    ) / Dot15d4Data(dest_panid=pan, dest_addr=destination, src_addr=source)  # fmt: skip
    network = ZigbeeNWK(discover_route=0, flags="security", destination=destination, source=source, radius=_RADIUS)
    return bytes(mac)[:-_FCS_BYTES], bytes(network)


def _auxiliary(key_identifier: int, sender: Eui64, counter: int) -> bytes:
    header = bytearray(_auxiliary_header(key_identifier, sender))
    header[_AUX_COUNTER_AT : _AUX_COUNTER_AT + 4] = counter.to_bytes(4, "little")
    return bytes(header)


@lru_cache(maxsize=4096)
def _auxiliary_header(key_identifier: int, sender: Eui64) -> bytes:
    source = int.from_bytes(sender, "big")
    return bytes(ZigbeeSecurityHeader(extended_nonce=1, key_type=key_identifier, nwk_seclevel=0, source=source))


def _sealed(header: bytes, aux: bytes, key: bytes, sender: Eui64, counter: int, plaintext: bytes) -> bytes:
    return header + aux + ccm_star.seal(key, sender, counter, header + aux, len(header), plaintext)


# ---------------------------------------------------------------------- frames read


class KeyRing:
    """Keys by trial: the one that fitted a sender last is tried first."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = keys
        self._fitted: dict[tuple[Eui64, int], bytes] = {}

    def open(self, layer: bytes, security: Packet) -> tuple[bytes, Eui64]:
        """The plaintext of a secured layer, and who secured it. Raises AuthenticationError where no key fits."""
        sealed = bytes(security.data) + bytes(security.mic)
        header = layer[: len(layer) - len(sealed)]
        sender = int(security.source or 0).to_bytes(8, "big")
        control_at = len(header) - len(_auxiliary(security.key_type, sender, 0))
        slot = (sender, security.key_type)
        fitted = self._fitted.get(slot)
        for key in chain(() if fitted is None else (fitted,), self._keys):
            try:
                plaintext = ccm_star.open_sealed(key, sender, security.fc, header, control_at, sealed)
            except AuthenticationError:
                continue
            self._fitted[slot] = key
            return plaintext, sender
        raise AuthenticationError("none of the keys opens the frame")


def hear(at: float, data: bytes, ring: KeyRing) -> Heard:
    """Read a frame of a HAN. Raises DecodeError for any other frame, AuthenticationError where no key fits."""
    packet = _dissected(Dot15d4FCS, data)
    mac, network = packet.getlayer(Dot15d4Data), packet.getlayer(ZigbeeNWK)
    security = packet.getlayer(ZigbeeSecurityHeader)
    if mac is None or network is None or security is None or network.frametype != 0 or not security.extended_nonce:
        raise DecodeError("no secured data frame of a Zigbee network", field="802.15.4")
    content, sender = ring.open(bytes(network.original), security)
    aps = _application(_dissected(ZigbeeAppDataPayload, content), content, ring)
    return Heard(at, mac.dest_panid, network.source, network.destination, sender, aps)


def _dissected(layer: type[Packet], data: bytes) -> Packet:
    """The packet that scapy reads in bytes. Raises DecodeError where they are none of this layer."""
    try:
        return layer(data)
    except Exception as error:  # noqa: BLE001 - scapy's layers raise whatever they trip over in bytes that are none
        raise DecodeError(f"scapy cannot read it: {error}", field=layer.__name__) from None


def _application(layer: Packet, content: bytes, ring: KeyRing) -> Aps:
    if layer.aps_frametype not in (0, 2) or layer.cluster is None:
        raise DecodeError("neither data nor their acknowledgement", field="APS")
    fragment = (layer.fragmentation or WHOLE) if layer.frame_control.extended_hdr else WHOLE
    block = layer.block_number if fragment != WHOLE else 0
    security = layer.getlayer(ZigbeeSecurityHeader)
    payload = bytes(layer.payload) if security is None else ring.open(content, security)[0]
    return Aps(layer.cluster, layer.counter, fragment, block, layer.aps_frametype == 2, payload)


# ---------------------------------------------------------------------- files


class PcapFile:
    """A capture file that is written frame by frame."""

    def __init__(self, path: Path) -> None:
        self._writer = PcapWriter(str(path), linktype=LINK_TYPE_802_15_4_FCS)
        self._writer.write_header(None)

    def write(self, unix_s: float, data: bytes) -> None:
        """Add a frame."""
        seconds = int(unix_s)
        self._writer.write_packet(data, sec=seconds, usec=int((unix_s - seconds) * 1e6))

    def close(self) -> None:
        """Write what is still buffered."""
        self._writer.close()


def frames_of(path: Path) -> Iterator[tuple[float, bytes]]:
    """Time (Unix) and bytes of every frame of a capture file. Raises LocalError where it is none, or of other links."""
    try:
        reader = RawPcapReader(str(path))
    except OSError as error:
        raise LocalError(f"{path}: {error.strerror}") from None
    except (Scapy_Exception, EOFError, ValueError):
        raise LocalError(f"{path} is no capture file") from None
    with reader:
        if reader.linktype != LINK_TYPE_802_15_4_FCS:
            raise LocalError(f"{path}: link type {reader.linktype}, not 802.15.4 with FCS ({LINK_TYPE_802_15_4_FCS})")
        for data, meta in reader:
            yield meta.sec + meta.usec / (1e9 if reader.nano else 1e6), data

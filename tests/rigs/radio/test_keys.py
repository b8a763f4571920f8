"""Keys of a Zigbee network by the vectors of its specifications."""

from __future__ import annotations

import pytest

from gbcs.errors import LocalError
from rigs.fake_ezsp.cbke import smacs, subject_of
from rigs.radio.keys import aes_mmo, established, install_code_crc, install_code_key, transport_key

H = bytes.fromhex


def test_install_code_of_the_base_device_specification() -> None:
    code = H("83fed3407a939723a5c639b26916d505c3b5")
    assert install_code_crc(code[:-2]) == code[-2:]
    assert install_code_key(code).hex() == "66b6900981e1ee3ca4206b6b861c02bb"


def test_hash_vectors_of_the_zigbee_specification() -> None:
    """Annex C.5 of the Zigbee specification: of one byte, and of a whole block."""
    assert aes_mmo(H("c0")).hex() == "ae3a102a28d43ee0d4a09e22788b206c"
    assert aes_mmo(H("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")).hex() == "a7977e88bc0b61e8210827109a228f2d"


def test_keys_derived_from_a_shared_secret() -> None:
    """Smart Energy annex C.6, suite 2 (283k1): shared secret to MAC key, link key and both authentication codes."""
    secret = H("04f7724a9a77b21d2747ccef68a457e45246c4be9f66fd9425227bcb2cc5180ea9cccb9a")
    mac_key, link_key = established(secret)
    assert mac_key.hex() == "ed380a00296600fb6b893025de5fd137"
    assert link_key.hex() == "aa4689c70be0faf0c9be534abd9f4cdc"
    initiator = H("0a0b0c0d0e0f1012"), H("0305f3394e15680660eecaa36788d9b6f312b971ce2c9617570bf7dfcd21c972017762c332")
    responder = H("0a0b0c0d0e0f1011"), H("03009a5131cf5b92a016378c0f7f284ecd47f94010f875d43bf1e9a65474adbfc63696a930")
    assert [one.hex() for one in smacs(mac_key, initiator, responder)] == [
        "bf7e1a26d4ef7038b56813e465a131c9",
        "c5b432a9995a092f4449f83613930064",
    ]


def test_the_subject_of_the_published_certificate() -> None:
    """The responder's certificate of annex C.6."""
    certificate = H(
        "002622a505e8938f270d0811121314151617180052 92a35bffffffff0a0b0c0d0e0f101188"
        "0303b4e9dc543a64333c982308022b54e67e2f15f532551b0a11e2e2c1c1d3097a4324e7ed"
    )
    assert subject_of(certificate) == H("0a0b0c0d0e0f1011")


def test_the_key_that_carries_the_network_key() -> None:
    """Of the well-known key of Zigbee; tshark derives the same (see tests of the fake module)."""
    assert transport_key(b"ZigBeeAlliance09").hex() == "4bab0f173e1434a2d572e1c1ef478782"


@pytest.mark.parametrize("code", [H("83fed3407a939723a5c639b26916d505c3b6"), H("83fed340"), b""])
def test_a_mistyped_install_code_is_refused(code: bytes) -> None:
    with pytest.raises(LocalError, match="install code"):
        install_code_key(code)

"""``meterfarm rtds check``: every reference payload decoded to the field and built again from its values."""

from __future__ import annotations

from reference_set import rtds_home

from tools.rtds_check import check
from tools.rtds_files import read_keys, read_vectors


def test_all_payloads_of_all_families_are_decoded_and_rebuilt_from_values() -> None:
    home = rtds_home()
    report = check(read_vectors(home), read_keys(home)).as_json()
    assert report["decoded"] == report["rebuilt_from_values"] == report["messages"] == 1014
    assert report["families"] == {
        name: {"messages": count, "decoded": count, "rebuilt_from_values": count}
        for name, count in (("ASN.1", 134), ("DLMS", 604), ("GBZ", 276))
    }
    assert report["without_fields"] == [] and report["failures"] == [] and report["decrypted"] == 37

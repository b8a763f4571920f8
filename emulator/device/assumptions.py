"""What devices take for granted, where neither a vector nor a published text decides."""

from __future__ import annotations

from emulator.assumptions import Assumption

ASSUMPTIONS = (
    Assumption(
        "known_originators",
        "the roles that the reference messages show",
        "M",
        "a critical use case is refused to any other role; other use cases are open to everybody the device knows",
    ),
    Assumption(
        "alerts_are_logged",
        "every alert is a row of the event log",
        "A",
        "no text at hand says which events are logged; the row is time, alert code and an empty detail",
    ),
    Assumption(
        "firmware_alert_layout",
        "code, time, sequence of counter, result and version",
        "L",
        "by analogy with the alert of a deferred update of credentials; the published size of 138 bytes fits",
    ),
    Assumption(
        "gas_alert_frame_control",
        "that of the command's first component",
        "M",
        "all reference alerts of future-dated gas commands agree, also where the component has another one",
    ),
    Assumption(
        "credential_status_codes",
        "those of RFC 5934 section 5",
        "M",
        "the three codes that reference messages show (10, 25, 127) mean there what the messages are about",
    ),
    Assumption(
        "sensitive_clusters",
        "metering and prepayment",
        "M",
        "in a sensitive use case exactly their data is encrypted, in all reference messages",
    ),
)

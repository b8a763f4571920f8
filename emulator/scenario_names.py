"""The names that a scenario may use, each taken from the part of the emulator that owns them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Names = Callable[[], tuple[str, ...]]
"""Gives the allowed names when asked, so that reading a scenario loads only the tables it refers to."""

CSPS = ("csp_north", "csp_south", "csp_central")
ALL_CSPS = "all"
NO_COMPRESSION = "none"
SMETS1 = "smets1"
"""Stands for a CSP where it carries SMETS1 meters: their way is that of their cohort."""

_GRANULARITIES = ("half_hourly", "daily", "monthly")
_GBCS_VERSIONS = ("4.3", "4.3+MP162")
_DUIS_VERSIONS = ("5.1", "5.2", "5.3", "5.4")
_DAILY_IMPORT_SRVS = ("4.6.1", "4.17")
_RELEASES = ("uniform", "front_loaded")
_WAN_PRESETS = (
    "csp_north_lrr",
    "csp_sc_cellular_2g",
    "csp_sc_cellular_3g",
    "cellular_ltem",
    "csp_sc_mesh_868",
    "smets1_sms",
)
_COMPRESSIONS = (
    NO_COMPRESSION,
    "header_context",
    "header_context_rows",
    "zstd_dictionary",
    "deflate_stream",
    "zstd_stream",
    "deflate",
    "deflate_fast",
    "zstd",
    "zstd_19",
    "brotli",
    "lzma",
    "lz4",
    "heatshrink",
    "heatshrink_11",
)
_LINK_PRESETS = (*_WAN_PRESETS, "comms_hub", "han_zigbee", "gbt", "sms_reference", "sms_pessimistic")
_COHORTS = ("ioc_aclara", "ioc_elster", "ioc_itron", "moc_secure", "moc_mds", "foc_lg", "foc_edmi")
_SMS_PRESETS = ("sms_reference", "sms_pessimistic")
_VARIANTS = ("single_rate", "economy7", "night_storage", "ev", "pv", "business")
_FIRMWARE = ("smets2-reference", "slow-clock", "gap-after-power-cut")


def check(name: str, allowed: Iterable[str]) -> None:
    """Raise ValueError naming what is allowed when ``name`` is not."""
    known = tuple(allowed)
    if name not in known:
        raise ValueError(f"{name!r} is not known (allowed: {', '.join(known)})")


def csps() -> tuple[str, ...]:
    """The three Communications Service Provider regions."""
    return CSPS


def ruled_csps() -> tuple[str, ...]:
    """Every CSP that the tables of the head-end have rules for."""
    return (*CSPS, SMETS1)


def outage_csps() -> tuple[str, ...]:
    """A CSP, or all of them."""
    return (*CSPS, ALL_CSPS)


def granularities() -> tuple[str, ...]:
    """What a customer has consented to (PIA Requirement 5)."""
    return _GRANULARITIES


def gbcs_versions() -> tuple[str, ...]:
    """Published GBCS, and GBCS with the change that the PIA (Appendix D) leaves open."""
    return _GBCS_VERSIONS


def duis_versions() -> tuple[str, ...]:
    """DUIS versions, which differ in what can be scheduled."""
    return _DUIS_VERSIONS


def daily_import_srvs() -> tuple[str, ...]:
    """Service requests that read the import of a day (PIA Table 4)."""
    return _DAILY_IMPORT_SRVS


def releases() -> tuple[str, ...]:
    """How reads are spread over their window (PIA R1)."""
    return _RELEASES


def wan_presets() -> tuple[str, ...]:
    """SM WAN presets."""
    return _WAN_PRESETS


def link_presets() -> tuple[str, ...]:
    """Every preset on the way between head-end and meter, whose values a scenario may replace."""
    return _LINK_PRESETS


def compressions() -> tuple[str, ...]:
    """What may stand between head-end and hubs on the SM WAN: nothing, or a codec."""
    return _COMPRESSIONS


def smets1_cohorts() -> tuple[str, ...]:
    """Cohorts of SMETS1 meters."""
    return _COHORTS


def sms_presets() -> tuple[str, ...]:
    """What SMS wake-up of SMETS1 hubs is like."""
    return _SMS_PRESETS


def household_variants() -> tuple[str, ...]:
    """Shapes of consumption."""
    return _VARIANTS


def firmware_profiles() -> tuple[str, ...]:
    """Firmware profiles that the package ships."""
    return _FIRMWARE

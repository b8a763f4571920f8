"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No test may fail because the machine was busy, so no example has a deadline.
settings.register_profile("default", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

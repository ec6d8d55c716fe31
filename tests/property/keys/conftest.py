"""A busy machine is not a wrong answer: no example fails for its time alone (pytest's own timeout still holds)."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

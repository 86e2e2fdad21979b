"""Which samples the discriminators of a version look at."""

from __future__ import annotations

from GPT_SoVITS.versions import version_of

PERIODS = (2, 3, 5, 7, 11)
PRO_PERIODS = (*PERIODS, 17, 23)


def periods(version: str) -> tuple[int, ...]:
    """Return the periods of a version's discriminators, beside the one that looks at every sample."""
    return PRO_PERIODS if version_of(version).uses_speaker_verifier else PERIODS

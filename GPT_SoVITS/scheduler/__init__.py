"""Who computes what next: continuous batching of all requests on the one thread that owns the device.

The rules stand in :mod:`.choosing` (whose turn) and :mod:`.decoding` (shared steps); :mod:`.loop` turns them. Nothing
in this folder imports MindSpore: what is computed comes in through :mod:`.pipeline`.
"""

from GPT_SoVITS.scheduler.loop import Scheduler, SchedulerLimits

__all__ = ["Scheduler", "SchedulerLimits"]

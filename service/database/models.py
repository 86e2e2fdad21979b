"""Every table there is: importing this module fills ``Base.metadata``."""

from service.categories.models import CategoryRow
from service.database.certainty import CommitMarkRow
from service.keys.models import ApiKeyRow, SecretRow
from service.tasks.models import HappeningRow, SegmentRow, TaskRow, TurnRow
from service.voices.models import VoiceCategoryRow, VoiceRow

__all__ = [
    "ApiKeyRow",
    "CategoryRow",
    "CommitMarkRow",
    "HappeningRow",
    "SecretRow",
    "SegmentRow",
    "TaskRow",
    "TurnRow",
    "VoiceCategoryRow",
    "VoiceRow",
]

"""Every table there is: importing this module fills ``Base.metadata``."""

from service.broker.models import InboxRow, OutboxRow, SenderRow
from service.categories.models import CategoryRow
from service.database.commit_outcome import CommitMarkRow
from service.jobs.models import JobDependencyRow, JobEventRow, JobRow, JobTurnRow
from service.keys.models import ApiKeyRow, SecretRow
from service.speech.models import SegmentRow, SpeechRow
from service.training.models import NoteRow, PointRow, TrainingRow
from service.voices.models import VoiceCategoryRow, VoiceRow

__all__ = [
    "ApiKeyRow",
    "CategoryRow",
    "CommitMarkRow",
    "InboxRow",
    "JobDependencyRow",
    "JobEventRow",
    "JobRow",
    "JobTurnRow",
    "NoteRow",
    "OutboxRow",
    "PointRow",
    "SecretRow",
    "SegmentRow",
    "SenderRow",
    "SpeechRow",
    "TrainingRow",
    "VoiceCategoryRow",
    "VoiceRow",
]

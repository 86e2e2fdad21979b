"""Every table there is: importing this module fills ``Base.metadata``."""

from service.categories.models import CategoryRow
from service.keys.models import ApiKeyRow, SecretRow
from service.voices.models import VoiceCategoryRow, VoiceRow

__all__ = ["ApiKeyRow", "CategoryRow", "SecretRow", "VoiceCategoryRow", "VoiceRow"]

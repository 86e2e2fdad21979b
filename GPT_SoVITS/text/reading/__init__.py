"""The natural reading: what a text says aloud, decided on the whole text before the language front ends see it."""

from GPT_SoVITS.text.languages import NATURAL as NATURAL
from GPT_SoVITS.text.languages import OFFICIAL as OFFICIAL
from GPT_SoVITS.text.languages import READINGS as READINGS

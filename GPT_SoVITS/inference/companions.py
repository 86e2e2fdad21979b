"""What a pair of weights speaks with beside itself."""

from __future__ import annotations

from dataclasses import dataclass

from convert.base import OFFICIAL_ENCODER
from GPT_SoVITS.engine.messages import networks_beside

OFFICIAL = OFFICIAL_ENCODER
NETWORKS = {"hubert": "HuBERT", "roberta": "RoBERTa", "speaker-verifier": "speaker verifier"}
"""Resource to what people call the network that it holds; those that every bundle of an engine shares."""


@dataclass(frozen=True)
class Companions:
    """The networks that a pair of weights speaks with.

    Attributes:
        version: Of the pair.
        content_encoder: Name of the network that makes the features of the semantic prompt: one of
            ``content_encoders``. A weight file can name no other, so no file makes the engine open a path.
        languages: Codes of the languages that the pair was trained on; empty for all of its version.
        reads_roberta: Whether the decoder has a place for RoBERTa's features of Chinese text.
    """

    version: str
    content_encoder: str = OFFICIAL
    languages: tuple[str, ...] = ()
    reads_roberta: bool = True

    @property
    def resources(self) -> tuple[str, ...]:
        """Ids of the resources that hold them; a content encoder that comes with the program is none."""
        unused = set()
        if self.content_encoder != OFFICIAL:
            unused.add("hubert")
        if not self.reads_roberta or (self.languages and "zh" not in self.languages):
            unused.add("roberta")
        return tuple(name for name in networks_beside(self.version) if name not in unused)

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of those that are loaded once and warmed up."""
        own = () if self.content_encoder == OFFICIAL else ("content encoder",)
        return (*own, *(NETWORKS[name] for name in self.resources if name in NETWORKS))

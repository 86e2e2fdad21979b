"""Small networks of sizes, a rate and a content encoder of their own, in the official file formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from GPT_SoVITS.engine.messages import EngineSettings, Reference, WeightsPair
from tests.engine.small import write_gpt, write_hubert, write_reference, write_sovits

CODES = 30
RATE = 16000
SAMPLING = {"top_k": 3, "top_p": 1.0, "temperature": 0.7, "repetition_penalty": 1.0}
GPT: dict[str, dict[str, Any]] = {
    "model": {
        "vocab_size": CODES + 1, "EOS": CODES, "bert_dim": 8, "mute_token": 2, "languages": ["en"],
    },
    "inference": {"sampling": SAMPLING},
}  # fmt: skip
SOVITS: dict[str, dict[str, Any]] = {
    "model": {
        "ssl_dim": 24, "codebook_size": CODES, "style_hidden": 12, "mrte_hidden": 16, "gin_channels": 16,
        "mrte_heads": 2, "flow_count": 2, "flow_layers": 3, "content_encoder": "starter", "upsample_rates": [10, 8, 4],
        "upsample_kernel_sizes": [20, 16, 8],
    },
    "data": {"sampling_rate": RATE, "hop_length": 320, "filter_length": 1024, "win_length": 1024},
}  # fmt: skip
CONTENT: dict[str, Any] = {
    "conv_dim": [16, 16, 16], "conv_kernel": [400, 3, 3], "conv_stride": [80, 2, 2], "hidden_size": 24,
    "num_attention_heads": 2, "num_conv_pos_embeddings": 32, "num_conv_pos_embedding_groups": 4,
}  # fmt: skip


class OwnInstallation:
    """A folder with such a pair, its content encoder and a clip; HuBERT and RoBERTa are not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        write_gpt(folder / "own.ckpt", 0, GPT)
        write_sovits(folder / "own.pth", 0, more=SOVITS)
        write_hubert(self.content, **CONTENT)
        write_reference(folder / "voice.wav")

    @property
    def content(self) -> Path:
        """Folder of the content encoder; where the engine looks for it is the caller's to say."""
        return self.folder / "content"

    @property
    def pair(self) -> WeightsPair:
        """The weights."""
        return WeightsPair(str(self.folder / "own.ckpt"), str(self.folder / "own.pth"))

    @property
    def voice(self) -> Reference:
        """A reference with a prompt."""
        return Reference(str(self.folder / "voice.wav"), "This is what the reference says.", "en")

    def settings(self, **fields: Any) -> EngineSettings:
        """Settings that find the pair."""
        given = {"weights": self.pair, "device_target": "CPU", "hubert": str(self.folder / "none"), "warm_up": False}
        return EngineSettings(**{**given, "max_rows": 2, "threads": 1, **fields})

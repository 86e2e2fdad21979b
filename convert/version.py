"""Which version of GPT-SoVITS a weight file belongs to, and how that was found out.

The official order is followed: the hash of the six published files, the two-byte head, and only then guesses; see
``process_ckpt.get_sovits_version_from_path_fast`` and the correction in ``inference_webui.change_sovits_weights``. It
guesses from the file's size; here the weights themselves are asked first, and the size only when they are silent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convert.errors import UnsupportedCheckpointError

Shape = tuple[int, ...]

# MD5 of the first 8192 bytes of the published SoVITS files.
_PUBLISHED = {
    "dc3c97e17592963677a4a1681f30c653": ("v1", "s2G488k.pth"),
    "6642b37f3dbb1f76882b69937c95a5f3": ("v2", "s2G2333k.pth"),
    "43797be674a37c1c83ee81081941ed0f": ("v3", "s2Gv3.pth"),
    "4f26b9476d0c5033e04162c486074374": ("v4", "s2Gv4.pth"),
    "c7e9fce2223f3db685cdfa1e6368728a": ("v2Pro", "s2Gv2Pro.pth"),
    "66b313e39455b57ab1b0bc0b239c9d0a": ("v2ProPlus", "s2Gv2ProPlus.pth"),
}
# Head -> (version, is a LoRA).
_HEADS = {
    b"00": ("v1", False),
    b"01": ("v2", False),
    b"02": ("v3", False),
    b"03": ("v3", True),
    b"04": ("v4", True),
    b"05": ("v2Pro", False),
    b"06": ("v2ProPlus", False),
}
VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4")
V1_SOVITS_SYMBOLS = 322
V1_T2S_PHONEMES = 512
PRO_PLUS_CHANNELS = 768
_V1_BELOW = 82978 * 1024
_V2_BELOW = 700 * 1024 * 1024

_TEXT_ROWS = "enc_p.text_embedding.weight"


@dataclass(frozen=True)
class Version:
    """Version of a weight file.

    Attributes:
        name: v1, v2, v2Pro, v2ProPlus, v3 or v4.
        symbols: Phoneme set: v1 or v2.
        lora: Whether the file holds only the changes to published v3 or v4 weights.
        how: The evidence, in the order it was considered.
        certain: Whether the evidence rules the other versions out.
    """

    name: str
    symbols: str
    lora: bool
    how: tuple[str, ...]
    certain: bool = True


def _configured(config: Mapping[str, Any]) -> str:
    model = config.get("model")
    version = model.get("version") if isinstance(model, Mapping) else None
    return version if version in VERSIONS else ""


def _from_file(head: bytes) -> tuple[str, bool, str] | None:
    known = _PUBLISHED.get(hashlib.md5(head, usedforsecurity=False).hexdigest())
    if known:
        return known[0], False, f"hash of the published {known[1]}: {known[0]}"
    marked = _HEADS.get(head[:2])
    if marked:
        return *marked, f"first two bytes {head[:2].decode()}: {marked[0]}{' LoRA' if marked[1] else ''}"
    return None


def _from_weights(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> tuple[str, str] | None:
    configured = _configured(config)
    if any(key.startswith("cfm.") for key in shapes):
        version = configured if configured in ("v3", "v4") else "v3"
        return version, f"has a flow-matching decoder (cfm), configuration says {configured or 'nothing'}: {version}"
    if "sv_emb.weight" in shapes:
        channels = shapes.get("dec.conv_pre.weight", (0,))[0]
        version = "v2ProPlus" if channels == PRO_PLUS_CHANNELS or configured == "v2ProPlus" else "v2Pro"
        said = configured or "nothing"
        return (
            version,
            f"has a speaker embedding (sv_emb), {channels} decoder channels, configuration {said}: {version}",
        )
    rows = shapes.get(_TEXT_ROWS, ())
    if rows:
        version = "v1" if rows[0] == V1_SOVITS_SYMBOLS else "v2"
        return version, f"{rows[0]} text symbols: {version}"
    return None


def _from_size(size: int) -> tuple[str, str]:
    version = "v1" if size < _V1_BELOW else "v2" if size < _V2_BELOW else "v3"
    return version, f"file of {size // 1024} KiB: {version}"


def sovits_version(shapes: Mapping[str, Shape], config: Mapping[str, Any], head: bytes, size: int) -> Version:
    """Return the version of SoVITS weights.

    Args:
        shapes: Official key to shape.
        config: Configuration in the file, may be empty.
        head: First 8192 bytes of the file (or fewer, if it is shorter).
        size: Length of the file in bytes.
    """
    rows = shapes.get(_TEXT_ROWS, ())
    symbols = "v1" if rows and rows[0] == V1_SOVITS_SYMBOLS else "v2"
    marked = _from_file(head)
    if marked is None:
        known = _from_weights(shapes, config)
        version, how = known or _from_size(size)
        certain = known is not None and (version != "v3" or _configured(config) == "v3")
        return Version(version, symbols if rows else "v1" if version == "v1" else "v2", False, (how,), certain)
    version, lora, how = marked
    corrected = _from_weights(shapes, config)
    if version in ("v1", "v2") and corrected is not None and corrected[0] != version:
        return Version(corrected[0], symbols, lora, (how, f"corrected: {corrected[1]}"))
    return Version(version, "v1" if version == "v1" else symbols, lora, (how,))


def t2s_version(shapes: Mapping[str, Shape]) -> Version:
    """Return the version of text-to-semantic weights: v1, or v2 for everything since.

    Args:
        shapes: Key without ``model.`` to shape.

    Raises:
        UnsupportedCheckpointError: the phoneme embedding is missing.
    """
    rows = shapes.get("ar_text_embedding.word_embeddings.weight", ())
    if not rows:
        raise UnsupportedCheckpointError("the weights have no ar_text_embedding.word_embeddings.weight")
    version = "v1" if rows[0] == V1_T2S_PHONEMES else "v2"
    return Version(version, version, False, (f"{rows[0]} phoneme embeddings: {version}",))

"""Start from the networks that come with the program, where the checkpoints of their training are gone.

Exported files hold all that inference needs, in float16. What that of the synthesizer lacks is the head of training
that reads log spectra off latent frames. It is linear, so the best one for given sentences is computed at once.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from GPT_SoVITS.text.symbols import to_ids
from tools.starter.content import Coder
from tools.starter.decoder import Decoder
from tools.starter.loop import restore
from tools.starter.phones import Language, similar_codes
from tools.starter.synthesizer import Lines, Synthesizer

_ZIP_HEAD = b"PK"
HEAD = "spectrum."
_HEARING = ("ssl_proj.", "quantizer.")
"""The content encoder's side of the file, which the synthesizer in training does not have."""
_CODEBOOK = "quantizer.vq.layers.0._codebook.embed"
_GPT_HEAD = "model."
_GENERATOR = "dec."
_BERT = "bert_proj."
_ROWS = ("ar_audio_embedding.word_embeddings.weight", "ar_predict_layer.weight")
"""Weights of the decoder with a row a code, the end last."""
_RIDGE = 1e-5


def _saved(path: Path) -> dict[str, Tensor]:
    content = path.read_bytes()
    weights: dict[str, Tensor] = torch.load(io.BytesIO(_ZIP_HEAD + content[len(_ZIP_HEAD) :]), weights_only=True)[
        "weight"
    ]
    return weights


def hearing_of(path: Path) -> dict[str, Tensor]:
    """Return what makes codes of features in a SoVITS file."""
    return {name: tensor.float() for name, tensor in _saved(path).items() if name.startswith(_HEARING)}


def _joined(saved: Mapping[str, Tensor], axis: int) -> dict[str, Tensor]:
    """Return float32 weights, magnitudes and directions joined again; the norm runs over all axes but one."""
    result: dict[str, Tensor] = {}
    for name, tensor in saved.items():
        if name.endswith(".weight_v"):
            stem = name.removesuffix("_v")
            direction = tensor.float()
            others = [a for a in range(tensor.ndim) if a != axis]
            size = direction.norm(dim=others, keepdim=True).clamp(min=1e-8)
            result[stem] = direction * (saved[f"{stem}_g"].float() / size)
        elif not name.endswith(".weight_g"):
            result[name] = tensor.float()
    return result


def tensors_of(path: Path) -> dict[str, Tensor]:
    """Return the float32 weights of the synthesizer in a SoVITS file."""
    return _joined({name: tensor for name, tensor in _saved(path).items() if not name.startswith(_HEARING)}, 0)


def load_decoder(decoder: Decoder, path: Path) -> None:
    """Load the weights of a GPT file, without the projection of BERT features that English has no use for.

    Where the decoder has more codes, those that the file lacks stay, and its last row goes on saying the end.
    """
    saved: dict[str, Tensor] = torch.load(path, weights_only=True)["weight"]
    own = {name.removeprefix(_GPT_HEAD): tensor.float() for name, tensor in saved.items()}
    state = decoder.state_dict()
    for name in _ROWS:
        rows = state[name]
        rows[: len(own[name]) - 1], rows[-1] = own[name][:-1], own[name][-1]
        own[name] = rows
    decoder.load_state_dict({name: tensor for name, tensor in own.items() if not name.startswith(_BERT)})


def load_coder(coder: Coder, content: Path, sovits: Path) -> None:
    """Load the content encoder of a folder and what makes codes in a SoVITS file; the head of training stays.

    Codes that the coder has beyond those of the file stay, too.
    """
    coder.encoder.load_state_dict(_joined(load_file(content / "model.safetensors"), 2))
    saved = hearing_of(sovits)
    codes = len(saved[_CODEBOOK])
    with torch.no_grad():
        coder.ssl_proj.weight[:codes] = saved["ssl_proj.weight"][:codes]
        coder.ssl_proj.bias[:codes] = saved["ssl_proj.bias"][:codes]


def load_shipped(network: Synthesizer, path: Path) -> None:
    """Load the weights of a SoVITS file; the head of training stays as it is.

    Raises:
        ValueError: the file has other weights than the network.
    """
    missing, unexpected = network.load_state_dict(tensors_of(path), strict=False)
    if unexpected or any(not name.startswith(HEAD) for name in missing):
        raise ValueError(f"{path} does not fit: missing {missing}, unexpected {unexpected}")


def load_any(network: nn.Module, path: Path) -> None:
    """Load a checkpoint of training, or what a SoVITS file (.pth) has of a synthesizer or its generator; evaluates."""
    if path.suffix != ".pth":
        restore(network, path)
    elif isinstance(network, Synthesizer):
        load_shipped(network, path)
    else:
        saved = tensors_of(path)
        own = {name.removeprefix(_GENERATOR): t for name, t in saved.items() if name.startswith(_GENERATOR)}
        network.load_state_dict(own)
    network.eval()


@torch.no_grad()
def transfer(network: Decoder | Coder | Synthesizer, language: Language) -> None:
    """Give the phonemes and codes of a language what English weights know of the most similar English ones."""
    symbols = to_ids(language.LIKE.keys(), "v2"), to_ids(language.LIKE.values(), "v2")
    codes = similar_codes(language)
    if isinstance(network, Decoder):
        _copy(network.ar_text_embedding.word_embeddings.weight, *symbols)
        _copy(network.ar_audio_embedding.word_embeddings.weight, *codes)
        _copy(network.ar_predict_layer.weight, *codes)
    elif isinstance(network, Coder):
        _copy(network.ssl_proj.weight, *codes)
        _copy(network.ssl_proj.bias, *codes)
    else:
        _copy(network.enc_p.text_embedding.weight, *symbols)
        _copy(network.enc_p.ssl_proj.weight.transpose(0, 1), *codes)


def _copy(rows: Tensor, own: Sequence[int], like: Sequence[int], other: Sequence[int] | None = None) -> None:
    """Set rows to others, or to the means of two each."""
    rows[own] = (rows[like] + rows[other or like]) / 2


@torch.no_grad()
def fit_head(network: Synthesizer, batches: Iterable[tuple[Lines, Tensor]]) -> None:
    """Set the head of training to the one with the least squared error over batches of lines and their spectra."""
    network.eval()
    rows, targets = [], []
    for lines, wanted in batches:
        frames, valid, _ = network.frames(lines)
        inside = valid[:, 0] > 0
        rows.append(frames.transpose(1, 2)[inside])
        targets.append(wanted.transpose(1, 2)[inside])
    x, y = torch.cat(rows).double(), torch.cat(targets).double()
    x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    square = x.T @ x
    square += _RIDGE * len(x) * torch.eye(len(square), dtype=x.dtype)
    solution = torch.linalg.solve(square, x.T @ y)
    network.spectrum.weight.copy_(solution[:-1].T[..., None])
    network.spectrum.bias.copy_(solution[-1])
    network.train()

"""A listener that learns to tell made speech from the teacher's, of another kind than the discriminators.

It sees mel bands of a tenth of a second, not samples or bins, and has never met the generator before. What it gets
wrong of sentences that it did not learn is the figure: 0.5 is chance, where the two cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.starter.spectra import mel_bands

_SIZE, _STEP, _BANDS, _PIECE = 512, 80, 80, 20
"""Samples of a window and of a step, mel bands, and steps of a piece."""
_FLOOR = 0.01
_STEPS, _BATCH = 600, 64
_QUIET = 2.0
"""Pieces whose mean log level lies more than this below their sentence's are left out: both sides have silence."""


def pieces(wave: np.ndarray) -> Tensor:
    """Return log mel bands of speech in pieces, (P, _BANDS, _PIECE), without the level of the whole."""
    audio = torch.from_numpy(wave.astype(np.float32))
    window = torch.hann_window(_SIZE)
    spectrum = torch.stft(audio, _SIZE, _STEP, _SIZE, window, pad_mode="constant", return_complex=True)
    bands = (mel_bands(_SIZE, _BANDS, 100.0) @ spectrum.abs() + _FLOOR).log()
    cut = (bands - bands.mean()).unfold(1, _PIECE, _PIECE // 2).transpose(0, 1)
    return cut[cut.mean((1, 2)) > -_QUIET]


def network() -> nn.Module:
    """Return an untrained listener: pieces (P, _BANDS, _PIECE) to scores (P, 1)."""
    return nn.Sequential(
        nn.Conv1d(_BANDS, 48, 3), nn.ReLU(), nn.Conv1d(48, 48, 3, 2), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(48 * 8, 1),
    )  # fmt: skip


def error_rate(made: Sequence[np.ndarray], real: Sequence[np.ndarray], seed: int = 1) -> float:
    """Return the share of pieces that a new listener gets wrong; it learns even sentences and is asked of odd ones.

    Args:
        made: Waves (n,) of sentences.
        real: The teacher's of the same ones.
        seed: Of its weights and of what it is shown when.
    """
    torch.manual_seed(seed)
    sides = [[pieces(wave) for wave in waves] for waves in (made, real)]
    listener = network()
    optimiser = torch.optim.AdamW(listener.parameters(), 1e-3, weight_decay=0.05)
    learnt = [torch.cat(side[::2]) for side in sides]
    for _ in range(_STEPS):
        rows = torch.cat([side[torch.randint(len(side), (_BATCH,))] for side in learnt])
        wanted = torch.arange(2).repeat_interleave(_BATCH).float()
        value = functional.binary_cross_entropy_with_logits(listener(rows)[:, 0], wanted)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    listener.eval()
    with torch.no_grad():
        scores = [listener(torch.cat(side[1::2]))[:, 0] for side in sides]
    return float(((scores[0] > 0).float().mean() + (scores[1] <= 0).float().mean()) / 2)

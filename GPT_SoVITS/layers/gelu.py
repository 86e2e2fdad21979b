"""The polynomial that GELU is computed with, in graphs and on the host."""

from __future__ import annotations

GELU_TAIL = (
    -0.6931732583384812,
    -0.7976653557004427,
    -0.31884246095943886,
    -0.035924005142929906,
    0.0049106410627738845,
    -0.00032807302039162975,
)
"""Coefficients c0..c5 of ``log Phi(-t)`` for t >= 0, see :class:`GPT_SoVITS.layers.activation.Gelu`."""

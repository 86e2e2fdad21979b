"""Errors of the networks in training: of true codes, and of text through the decoder after a prompt."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch

from bench.judging import Errors, Judge, compare
from tools.starter.dataset import RATE, Utterance, load_all
from tools.starter.decoder import Decoder, DecoderSizes
from tools.starter.lines import Voices, lines_of
from tools.starter.loop import restore, tell
from tools.starter.sampling import generate
from tools.starter.shipped import load_any
from tools.starter.synthesizer import Synthesizer
from tools.starter.train_content import coder_of, hear


@torch.no_grad()
def speak(network: Synthesizer, codes: list[int] | np.ndarray, ids: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the audio (n,) of codes and symbols in the voice of a reference spectrogram (704, F)."""
    frames, _, condition = network.frames(lines_of([np.asarray(codes)], [ids], [reference]))
    return network.dec(frames, condition)[0].numpy()


def main() -> None:
    """Print errors of words, kana or characters by the number of sentences asked for, and write the audio."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("frames", type=Path, help="checkpoint of train_spectrum, or a SoVITS file")
    parser.add_argument("generator", type=Path, help="checkpoint of its training, or a SoVITS file")
    parser.add_argument("held_out", type=Path, help=".npz of the held-out sentences' timings")
    parser.add_argument("speech", type=Path, help=".npz with audio; prompts and references are taken from it")
    parser.add_argument("--style", default="jm_kumo")
    parser.add_argument("--decoder", type=Path)
    parser.add_argument("--content", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--count", type=int, default=15)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-k", type=int, default=3)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    torch.manual_seed(7)
    torch.set_num_threads(1)
    network = Synthesizer()
    load_any(network, options.frames)
    load_any(network.dec, options.generator)
    held_out = load_all([options.held_out])[: options.count]
    language = held_out[0].language
    judge = Judge(options.judge, language=language)
    spoken = [item for item in load_all([options.speech]) if item.style == options.style]
    reference = Voices.of(spoken).pools[options.style][0]

    def measure(name: str, codes: Callable[[Utterance], list[int] | np.ndarray]) -> None:
        total, pairs = Errors(), []
        for item in held_out:
            wave = speak(network, codes(item), item.ids, reference)
            pairs.append((item.text, judge.write_down(wave)))
            total += compare(*pairs[-1], language)
            if options.write:
                options.write.mkdir(parents=True, exist_ok=True)
                soundfile.write(options.write / f"{name}-{item.name}.wav", wave, RATE)
        tell(f"{name}: errors {total.rate:.3f} of {total.words}", *(f"\n   {a} => {b}" for a, b in pairs[:6]))

    measure("true", lambda item: item.codes()[0])
    if options.decoder and options.content:
        own = held_out[0].spoken
        decoder, coder = Decoder(DecoderSizes(codes=own.CODES)), coder_of(own)
        restore(decoder, options.decoder)
        restore(coder, options.content)
        prompt = next(item for item in spoken if 3 < len(item.wave) / RATE < 6)
        heard = hear(coder, prompt).tolist()
        measure(
            f"text-k{options.top_k}",
            lambda item: (
                generate(
                    decoder,
                    np.concatenate([prompt.ids, item.ids]),
                    heard,
                    options.top_k,
                    temperature=options.temperature,
                )
                or [0]
            ),
        )


if __name__ == "__main__":
    main()

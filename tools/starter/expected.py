"""Write what the trained networks say of one sentence, for ``bench.starter_agreement`` to compare the program with."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import nn

from GPT_SoVITS.features.spectrogram import reference_spectrogram
from GPT_SoVITS.text.symbols import known, to_ids
from tools.starter.content import frames
from tools.starter.decoder import Decoder, DecoderSizes
from tools.starter.evaluate import speak
from tools.starter.loop import restore
from tools.starter.phones import LANGUAGES, language
from tools.starter.sampling import generate
from tools.starter.style import REFERENCE_BINS
from tools.starter.synthesizer import Synthesizer
from tools.starter.train_content import SILENCE_SECONDS, coder_of


def rounded(network: nn.Module) -> None:
    """Round parameters to float16, as the exported files hold them."""
    for parameter in network.parameters():
        parameter.data = parameter.data.half().float()


@torch.no_grad()
def main() -> None:
    """Write phonemes, the clip's codes, the greedy codes of a sentence and their audio."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("clip", type=Path, help="16 kHz")
    parser.add_argument("clip_line", type=Path, help="clips.jsonl of sentences; the first line is the clip's")
    parser.add_argument("sentence", type=Path, help="held_out.jsonl; the first line is spoken")
    parser.add_argument("--decoder", type=Path, required=True)
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    options = parser.parse_args()
    own = language(options.language)
    decoder, coder, network = Decoder(DecoderSizes(codes=own.CODES)), coder_of(own), Synthesizer()
    parts = {"decoder": decoder, "content": coder, "frames": network, "generator": network.dec}
    for name, part in parts.items():
        restore(part, getattr(options, name))
        rounded(part)
    wave, rate = soundfile.read(options.clip, dtype="float32")
    silent = np.append(wave, np.zeros(int(SILENCE_SECONDS * rate), np.float32))
    scores = coder(torch.from_numpy(silent)[None], torch.tensor([frames(len(silent))])).codes
    prompt = scores[0].argmax(-1).numpy()
    prompt_ids, ids = (
        np.array(to_ids(known(json.loads(path.read_text().splitlines()[0])["phones"], "v2"), "v2"))
        for path in (options.clip_line, options.sentence)
    )
    said = np.array(generate(decoder, np.concatenate([prompt_ids, ids]).tolist(), prompt.tolist()))
    audio = speak(network, said, ids, reference_spectrogram(wave, rate)[0, :REFERENCE_BINS])
    np.savez(options.result, prompt_ids=prompt_ids, ids=ids, prompt=prompt, said=said, audio=audio, wave=wave)


if __name__ == "__main__":
    main()

"""Recordings of the training of v3 and v4 (``TextAudioSpeakerLoaderV3`` and ``V4`` of ``module/data_utils.py``)."""

from __future__ import annotations

from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.features.resample import resample
from GPT_SoVITS.features.spectrogram import SpectrogramConfig, mel_spectrogram, normalise_mel
from GPT_SoVITS.training.cfm.batch import MelClip
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.data.sovits import Heard, Recordings


class MelRecordings(Recordings[MelClip]):
    """See :class:`Recordings`.

    Args:
        folder: Training folder.
        config: Spectrogram of the reference encoder.
        sizes: Of the decoder, whose version says what its mel spectrograms are.

    Raises:
        DatasetError: a part of the folder is missing, or fewer than two recordings can be trained on.
    """

    def __init__(self, folder: Folder, config: SpectrogramConfig, sizes: CfmConfig) -> None:
        frames = sizes.frames
        self._mel = SpectrogramConfig(frames.sample_rate, frames.fft, frames.hop, sizes.mel)
        super().__init__(folder, config)

    def _clip(self, name: str, heard: Heard) -> MelClip:
        wave = resample(heard.samples, heard.rate, self._mel.sample_rate)
        mel = normalise_mel(mel_spectrogram(wave, self._mel)[0])
        return MelClip(heard.ssl, heard.spectrogram, mel, self._folder.phonemes[name])

"""Mel spectrograms to audio: BigVGAN at 24 kHz (v3) and HiFi-GAN at 48 kHz (v4)."""

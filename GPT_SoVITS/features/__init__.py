"""Feature networks and signal processing: HuBERT, RoBERTa, speaker verifier, spectrogram, mel, fbank."""

"""PyTorch weight files to numpy arrays without PyTorch, key maps, and MindSpore checkpoints."""

"""Training of the flow-matching decoder of v3 and v4: network, LoRA, batches, trainer."""

"""Fine-tuning of a voice: losses, optimisers, data and loops of both networks."""

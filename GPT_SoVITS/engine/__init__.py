"""From weights, a reference clip and text to speech: bundles, references, scheduling, streaming, the engine process.

Callers use :mod:`GPT_SoVITS.engine.interface` and :mod:`GPT_SoVITS.engine.messages`, which need no MindSpore.
"""

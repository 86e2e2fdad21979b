"""What a user may fetch (weights, encoders, vocoders, language data): where each is found, placed and checked."""

from GPT_SoVITS.resources.locate import loads_from, locate, project_root
from GPT_SoVITS.resources.manifest import Archive, File, Manifest, Resource, load_manifest

__all__ = ["Archive", "File", "Manifest", "Resource", "load_manifest", "loads_from", "locate", "project_root"]

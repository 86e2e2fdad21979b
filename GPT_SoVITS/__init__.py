"""The voice library: text, features, networks, decoding, training. No HTTP and no database in here."""

from GPT_SoVITS import _environment

# MindSpore reads these variables while it is imported, so they are set before any module of this package can import it.
_environment.prepare()

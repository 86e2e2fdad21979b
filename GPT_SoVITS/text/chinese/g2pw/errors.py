"""What can be wrong with a g2pW folder."""

from __future__ import annotations

from GPT_SoVITS.text.errors import TextError


class G2pwFolderError(TextError):
    """The folder of the network, or what belongs to it, cannot be used; the message says which file and why."""

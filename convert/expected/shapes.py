"""Collects the parameters of a network, layer by layer."""

from __future__ import annotations

from typing import Any

from convert.printing import shown

Shape = tuple[int, ...]
MAX_KEYS = 100_000


def size(config: Any, name: str, default: int | None = None) -> int:
    """Return a positive integer of a configuration.

    Args:
        config: The section.
        name: Of the entry.
        default: What an absent entry means; None where it has to be there.

    Raises:
        KeyError: it is not there.
        ValueError: it is no positive integer.
    """
    value = config[name] if default is None else config.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 24:
        raise ValueError(f"{name} is {shown(value, 40)}, a positive number is needed")
    return value


class Shapes:
    """Key to shape, filled by one method per kind of layer.

    Args:
        training: Weight norm appears as ``weight_g`` and ``weight_v`` and not as ``weight``.
    """

    def __init__(self, training: bool) -> None:
        self.training = training
        self.found: dict[str, Shape] = {}

    def add(self, key: str, *shape: int) -> None:
        """Add a parameter.

        Raises:
            ValueError: absurdly many parameters.
        """
        if len(self.found) >= MAX_KEYS:
            raise ValueError(f"more than {MAX_KEYS} parameters")
        self.found[key] = shape

    def linear(self, name: str, inputs: int, outputs: int, bias: bool = True) -> None:
        """Add a linear layer, weight (outputs, inputs)."""
        self.conv(name, outputs, inputs, bias=bias)

    def conv(self, name: str, *weight: int, bias: bool = True, norm_axis: int | None = None) -> None:
        """Add a convolution of the given weight shape; its first length is the number of outputs.

        Args:
            name: Key of the layer.
            *weight: Shape of the weight.
            bias: Whether it has one.
            norm_axis: Axis that weight norm keeps, None without weight norm.
        """
        self._weight(name, weight, norm_axis)
        if bias:
            self.add(f"{name}.bias", weight[0])

    def transposed(self, name: str, inputs: int, outputs: int, kernel: int, norm_axis: int | None = 0) -> None:
        """Add a transposed convolution, weight (inputs, outputs, kernel)."""
        self._weight(name, (inputs, outputs, kernel), norm_axis)
        self.add(f"{name}.bias", outputs)

    def norm(self, name: str, channels: int) -> None:
        """Add a normalisation with ``weight`` and ``bias``."""
        self.add(f"{name}.weight", channels)
        self.add(f"{name}.bias", channels)

    def gamma_beta(self, name: str, *shape: int) -> None:
        """Add a normalisation with ``gamma`` and ``beta``."""
        self.add(f"{name}.gamma", *shape)
        self.add(f"{name}.beta", *shape)

    def batch_norm(self, name: str, channels: int) -> None:
        """Add a batch normalisation with its running statistics."""
        self.norm(name, channels)
        self.add(f"{name}.running_mean", channels)
        self.add(f"{name}.running_var", channels)

    def _weight(self, name: str, shape: Shape, norm_axis: int | None) -> None:
        if norm_axis is None or not self.training:
            self.add(f"{name}.weight", *shape)
            return
        self.add(f"{name}.weight_g", *(n if axis == norm_axis else 1 for axis, n in enumerate(shape)))
        self.add(f"{name}.weight_v", *shape)

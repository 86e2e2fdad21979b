"""The two networks of the official ``uvr5`` tool's VR models: magnitudes of a mixture to a mask.

``CascadedASPPNet`` and ``CascadedNet`` of ``lib_v5`` in evaluation mode. Both cut the spectrum into a low and a high
half, look at each by itself, and then at the whole together with what was found. Every part is a U-net along frequency
and time. Batch norms are folded into the layers before them. Maps are (1, C, bins, frames); all shapes are static.
"""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.activation import LeakyRelu
from GPT_SoVITS.layers.parameters import parameter
from GPT_SoVITS.separation.arrays import VrConfig
from GPT_SoVITS.separation.bands import BINS

LEAK = 0.01


class Convolution(nn.Cell):
    """A convolution with bias that keeps the size (or halves it) and an activation."""

    def __init__(
        self,
        nin: int,
        nout: int,
        size: int,
        *,
        stride: int = 1,
        dilation: tuple[int, int] = (1, 1),
        leaky: bool = False,
    ) -> None:
        super().__init__()
        along_bins, along_frames = (reach * (size // 2) for reach in dilation)
        pad = (along_bins, along_bins, along_frames, along_frames)
        self.weight, self.bias = parameter(nout, nin, size, size), parameter(nout)
        self.conv = ops.Conv2D(nout, size, pad_mode="pad", pad=pad, stride=stride, dilation=dilation)
        self.bias_add = ops.BiasAdd()
        self.activation = LeakyRelu(LEAK) if leaky else nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        return self.activation(self.bias_add(self.conv(x, self.weight), self.bias))


class Depthwise(nn.Cell):
    """A 3 x 3 convolution of every channel by itself."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.weight = parameter(channels, 1, 3, 3)
        self.conv = ops.Conv2D(channels, 3, pad_mode="pad", pad=dilation, dilation=dilation, group=channels)

    def construct(self, x: Tensor) -> Tensor:
        return self.conv(x, self.weight)


class Separable(Convolution):
    """A depthwise convolution and a 1 x 1 one, with an activation."""

    def __init__(self, nin: int, nout: int, dilation: int) -> None:
        super().__init__(nin, nout, 1)
        self.depthwise = Depthwise(nin, dilation)

    def construct(self, x: Tensor) -> Tensor:
        return self.activation(self.bias_add(self.conv(self.depthwise(x), self.weight), self.bias))


class Pyramid(nn.Cell):
    """Looks at a map with several reaches at once (atrous spatial pyramid pooling)."""

    def __init__(self, nin: int, inner: int, nout: int, branches: list[nn.Cell]) -> None:
        super().__init__()
        self.conv1, self.conv2 = Convolution(nin, inner, 1), Convolution(nin, inner, 1)
        self.conv3, self.conv4, self.conv5 = branches
        self.bottleneck = Convolution(inner * 5, nout, 1)
        self.mean, self.concat = ops.ReduceMean(keep_dims=True), ops.Concat(1)

    def construct(self, x: Tensor) -> Tensor:
        pooled = self.conv1(self.mean(x, 2))
        pooled = ops.tile(pooled, (1, 1, x.shape[2], 1))
        return self.bottleneck(self.concat((pooled, self.conv2(x), self.conv3(x), self.conv4(x), self.conv5(x))))


class Decoder(nn.Cell):
    """Doubles a map's size, puts the encoder's map of that size beside it, and convolves."""

    def __init__(self, nin: int, nout: int) -> None:
        super().__init__()
        self.conv = Convolution(nin, nout, 3)
        self.concat = ops.Concat(1)

    def construct(self, x: Tensor, skip: Tensor) -> Tensor:
        size = (x.shape[2] * 2, x.shape[3] * 2)
        return self.conv(self.concat((ops.interpolate(x, size=size, mode="bilinear", align_corners=True), skip)))


class AsppEncoder(nn.Cell):
    """Two convolutions; the second halves the size. Returns its output and the first one's."""

    def __init__(self, nin: int, nout: int) -> None:
        super().__init__()
        self.conv1 = Convolution(nin, nout, 3, leaky=True)
        self.conv2 = Convolution(nout, nout, 3, stride=2, leaky=True)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skip = self.conv1(x)
        return self.conv2(skip), skip


class AsppUnet(nn.Cell):
    """``BaseASPPNet``: (1, nin, bins, frames) -> (1, width, bins, frames)."""

    def __init__(self, nin: int, width: int) -> None:
        super().__init__()
        deep = width * 8
        self.enc1, self.enc2 = AsppEncoder(nin, width), AsppEncoder(width, width * 2)
        self.enc3, self.enc4 = AsppEncoder(width * 2, width * 4), AsppEncoder(width * 4, deep)
        self.aspp = Pyramid(deep, deep, width * 16, [Separable(deep, deep, dilation) for dilation in (4, 8, 16)])
        self.dec4, self.dec3 = Decoder(width * 24, deep), Decoder(width * 12, width * 4)
        self.dec2, self.dec1 = Decoder(width * 6, width * 2), Decoder(width * 3, width)

    def construct(self, x: Tensor) -> Tensor:
        h, e1 = self.enc1(x)
        h, e2 = self.enc2(h)
        h, e3 = self.enc3(h)
        h, e4 = self.enc4(h)
        h = self.dec4(self.aspp(h), e4)
        return self.dec1(self.dec2(self.dec3(h, e3), e2), e1)


class LstmEncoder(nn.Cell):
    """Two convolutions; the first halves the size."""

    def __init__(self, nin: int, nout: int) -> None:
        super().__init__()
        self.conv1 = Convolution(nin, nout, 3, stride=2, leaky=True)
        self.conv2 = Convolution(nout, nout, 3, leaky=True)

    def construct(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x))


class Recurrent(nn.Cell):
    """One feature map more, which a recurrent layer along time makes: (1, C, bins, frames) -> (1, 1, bins, frames)."""

    def __init__(self, nin: int, bins: int, features: int) -> None:
        super().__init__()
        self.conv = Convolution(nin, 1, 1)
        self.lstm = nn.LSTM(bins, features // 2, bidirectional=True)
        self.dense = Dense(features, bins)

    def construct(self, x: Tensor) -> Tensor:
        bins, frames = x.shape[2], x.shape[3]
        along = self.conv(x).reshape((1, bins, frames)).transpose((2, 0, 1))
        heard = self.lstm(along)[0].reshape((frames, -1))
        return self.dense(heard).transpose((1, 0)).reshape((1, 1, bins, frames))


class Dense(nn.Cell):
    """A linear layer and an activation."""

    def __init__(self, nin: int, nout: int) -> None:
        super().__init__()
        self.weight, self.bias = parameter(nout, nin), parameter(nout)
        self.product, self.bias_add = ops.MatMul(transpose_b=True), ops.BiasAdd()

    def construct(self, x: Tensor) -> Tensor:
        return ops.relu(self.bias_add(self.product(x, self.weight), self.bias))


class LstmUnet(nn.Cell):
    """``BaseNet``: (1, nin, bins, frames) -> (1, width, bins, frames)."""

    def __init__(self, nin: int, width: int, bins: int, features: int) -> None:
        super().__init__()
        deep = width * 8
        branches: list[nn.Cell] = [Convolution(deep, deep, 3, dilation=d) for d in ((4, 2), (8, 4), (12, 6))]
        self.enc1, self.enc2 = Convolution(nin, width, 3), LstmEncoder(width, width * 2)
        self.enc3, self.enc4 = LstmEncoder(width * 2, width * 4), LstmEncoder(width * 4, width * 6)
        self.enc5 = LstmEncoder(width * 6, deep)
        self.aspp = Pyramid(deep, deep, deep, branches)
        self.dec4, self.dec3 = Decoder(width * 14, width * 6), Decoder(width * 10, width * 4)
        self.dec2, self.dec1 = Decoder(width * 6, width * 2), Decoder(width * 3 + 1, width)
        self.lstm_dec2 = Recurrent(width * 2, bins // 2, features)
        self.concat = ops.Concat(1)

    def construct(self, x: Tensor) -> Tensor:
        e1 = self.enc1(x)
        e2 = self.enc2(e1)
        e3 = self.enc3(e2)
        e4 = self.enc4(e3)
        h = self.dec4(self.aspp(self.enc5(e4)), e4)
        h = self.dec2(self.dec3(h, e3), e2)
        return self.dec1(self.concat((h, self.lstm_dec2(h))), e1)


class Mask(nn.Cell):
    """The last layer: a map to a mask of both channels, (1, 2, bins, frames)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = parameter(2, width, 1, 1)
        self.conv = ops.Conv2D(2, 1)

    def construct(self, x: Tensor) -> Tensor:
        return ops.sigmoid(self.conv(x, self.weight))


class AsppNetwork(nn.Cell):
    """``CascadedASPPNet``: magnitudes (1, 2, bins, frames) -> mask of the same shape."""

    def __init__(self, config: VrConfig) -> None:
        super().__init__()
        half = config.width // 2
        self.stg1_low_band_net, self.stg1_high_band_net = AsppUnet(2, half), AsppUnet(2, half)
        self.stg2_bridge = Convolution(2 + half, half // 2, 1)
        self.stg2_full_band_net = AsppUnet(half // 2, half)
        self.stg3_bridge = Convolution(2 + 2 * half, half, 1)
        self.stg3_full_band_net = AsppUnet(half, config.width)
        self.out = Mask(config.width)
        self.beside, self.above = ops.Concat(1), ops.Concat(2)

    def construct(self, x: Tensor) -> Tensor:
        half = x.shape[2] // 2
        first = self.above((self.stg1_low_band_net(x[:, :, :half]), self.stg1_high_band_net(x[:, :, half:])))
        second = self.stg2_full_band_net(self.stg2_bridge(self.beside((x, first))))
        return self.out(self.stg3_full_band_net(self.stg3_bridge(self.beside((x, first, second)))))


def _narrowed(unet: LstmUnet, width: int) -> nn.Cell:
    """Return the U-net with a 1 x 1 convolution that halves its channels."""
    return nn.SequentialCell([unet, Convolution(width, width // 2, 1)])


class LstmNetwork(nn.Cell):
    """``CascadedNet``: magnitudes (1, 2, bins, frames) -> mask of the same shape."""

    def __init__(self, config: VrConfig, bins: int = BINS) -> None:
        super().__init__()
        width, features = config.width, config.lstm
        half = bins // 2
        self.stg1_low_band_net = _narrowed(LstmUnet(2, width // 2, half, features), width // 2)
        self.stg1_high_band_net = LstmUnet(2, width // 4, half, features // 2)
        self.stg2_low_band_net = _narrowed(LstmUnet(2 + width // 4, width, half, features), width)
        self.stg2_high_band_net = LstmUnet(2 + width // 4, width // 2, half, features // 2)
        self.stg3_full_band_net = LstmUnet(2 + 3 * width // 4, width, bins, features)
        self.out = Mask(width)
        self.beside, self.above = ops.Concat(1), ops.Concat(2)

    def construct(self, x: Tensor) -> Tensor:
        half = x.shape[2] // 2
        low, high = x[:, :, :half], x[:, :, half:]
        low1, high1 = self.stg1_low_band_net(low), self.stg1_high_band_net(high)
        low2 = self.stg2_low_band_net(self.beside((low, low1)))
        high2 = self.stg2_high_band_net(self.beside((high, high1)))
        first, second = self.above((low1, high1)), self.above((low2, high2))
        return self.out(self.stg3_full_band_net(self.beside((x, first, second))))


def network(config: VrConfig, bins: int = BINS) -> nn.Cell:
    """Return the network of a configuration, with empty parameters."""
    return AsppNetwork(config) if config.family == "aspp" else LstmNetwork(config, bins)

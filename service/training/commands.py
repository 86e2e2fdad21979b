"""From the fields of a job to the command line of its step: the only place that knows how the steps are called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from GPT_SoVITS.versions import VERSIONS
from service.errors import ParameterError
from service.training.fields import S1, S2D, S2G, ComputeOptions
from service.training.names import ASR, DENOISE, FORMAT, GPT, SLICE, SOVITS, UVR5
from service.training.places import Places
from service.training.pretrained import Pretrained, published_path, version_of

PREPARE, TRAIN = ("-m", "GPT_SoVITS.dataset"), ("-m", "GPT_SoVITS.training")


INPUTS = "inputs"
_FEATURES = {
    "1a": ("bert_pretrained_dir", "--bert-dir"),
    "1b": ("ssl_pretrained_dir", "--hubert-dir"),
    "1c": ("pretrained_s2G_path", "--pretrained-s2g"),
}
"""Part -> the field that names its network, and the option of the step."""
_NETWORKS = (*(name for name, _ in _FEATURES.values()), "pretrained_s2G", "pretrained_s2D", "pretrained_s1")
_DEFAULTS: Mapping[str, tuple[Literal["gpt", "sovits", "discriminator"], str]] = {
    "pretrained_s2G": ("sovits", S2G),
    "pretrained_s2G_path": ("sovits", S2G),
    "pretrained_s2D": ("discriminator", S2D),
    "pretrained_s1": ("gpt", S1),
}
"""What a field names, and what it names where a client says nothing."""


@dataclass(frozen=True)
class Step:
    """What a job runs.

    Attributes:
        arguments: Of the Python interpreter.
        folder: What it writes; one step at a time.
        output: What later steps read: a folder, or a list.
        links: Files to be linked into :data:`INPUTS` below the folder before it runs: recordings of several places.
    """

    arguments: tuple[str, ...]
    folder: Path
    output: Path
    links: tuple[Path, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """Program and arguments."""
        return (sys.executable, *self.arguments)


class Commands:
    """Composes steps. All methods block, since they look at paths.

    Args:
        places: Where data lie.
        pretrained: Finds networks.
        device: ``CPU`` or ``Ascend``; None lets the step choose.
        sample_steps: Steps of SoVITS from one sample to the next; 0 for none.
        processes: That one training may ask for.
    """

    def __init__(
        self,
        places: Places,
        pretrained: Pretrained,
        device: str | None = None,
        sample_steps: int = 0,
        processes: int = 1,
    ) -> None:
        self.places, self._pretrained = places, pretrained
        self._device, self._sample_steps, self._processes = device, sample_steps, processes
        self._made: Mapping[str, Callable[[Mapping[str, Any]], Step]] = {
            SLICE: self._slice,
            DENOISE: self._denoise,
            ASR: self._asr,
            FORMAT: self._format,
            SOVITS: self._sovits,
            GPT: self._gpt,
            UVR5: self._uvr5,
        }

    def step(self, kind: str, request: Mapping[str, Any]) -> Step:
        """Return what a job runs.

        Args:
            kind: Of the job.
            request: Its fields, defaults filled in.

        Raises:
            ParameterError: a path lies outside the allowed folders, or a name is none.
            MissingError: something that it reads is not there.
        """
        return self._made[kind](request)

    # --- preparing ---

    def _slice(self, request: Mapping[str, Any]) -> Step:
        found = self.places.confined("inp", request["inp"])
        folder = self.places.output(SLICE, request, request["inp"])
        names = ("threshold", "min_length", "min_interval", "hop_size", "max_sil_kept", "max", "alpha", "n_parts")
        return _prepared("slice", folder, ("--inp", str(found)), _options(request, *names))

    def _denoise(self, request: Mapping[str, Any]) -> Step:
        found = self.places.folder("denoise_inp_dir", request["denoise_inp_dir"])
        folder = self.places.output(DENOISE, request, request["denoise_inp_dir"])
        return _prepared("denoise", folder, ("--inp", str(found)))

    def _asr(self, request: Mapping[str, Any]) -> Step:
        found = self.places.folder("asr_inp_dir", request["asr_inp_dir"])
        folder = self.places.output(ASR, request, request["asr_inp_dir"])
        names = {"model": "asr_model", "size": "asr_model_size", "language": "asr_lang", "precision": "asr_precision"}
        options = tuple(f"--{option}={request[field]}" for option, field in names.items())
        step = _prepared("asr", folder, ("--inp", str(found)), options)
        return Step(step.arguments, folder, self.places.listed(request))

    def _uvr5(self, request: Mapping[str, Any]) -> Step:
        folder = self.places.output(UVR5, request, request["input_root"] or request["session_id"])
        given = request["paths"] if isinstance(request["paths"], list) else [request["paths"]]
        links = tuple(self.places.confined("paths", path) for path in given if path)
        if not links:
            found = self.places.folder("input_root", request["input_root"])
        else:  # as the official tool: files that are named are taken instead of the folder
            found = links[0] if len(links) == 1 else folder / INPUTS
        voices, others = (
            self.places.target(name, request[name]) if request[name] else folder / own
            for name, own in (("vocal_root", "vocals"), ("ins_root", "others"))
        )
        arguments = (
            *(*PREPARE, "separate", "--inp", str(found), "--model", request["model_name"]),
            *("--vocals", str(voices), "--others", str(others)),
            *("--agg", str(request["agg"]), "--format", request["format0"]),
        )
        return Step(arguments, folder, voices, links if len(links) > 1 else ())

    def _format(self, request: Mapping[str, Any]) -> Step:
        listed = self.places.confined("inp_text", request["inp_text"])
        folder = self.places.experiment(request["exp_name"])
        recordings = request["inp_wav_dir"]
        networks = [(option, self._network(name, request)) for name, option in self._feature_networks(request)]
        named = ("--wav-dir", str(self.places.folder("inp_wav_dir", recordings))) if recordings else ()
        version = _version(request, "pretrained_s2G_path")
        roots = tuple(word for root in self.places.allowed for word in ("--root", str(root)))
        arguments = (
            *(*PREPARE, "features", "--list", str(listed), "--exp-dir", str(folder), *named, *roots),
            *(word for network in networks for word in network),
            *("--version", version),
        )
        return Step((*arguments, *_passes(request["parts"], version), *self._on_device()), folder, folder)

    def _feature_networks(self, request: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the fields that name networks, and their options.

        Weights with a content encoder of the program's bring it along: they are all that is named, to every part. Where
        a text is Chinese, the step looks for RoBERTa itself.
        """
        quantizer = _FEATURES["1c"]
        if self._pretrained.has_own_encoder(quantizer[0], request[quantizer[0]]):
            return [quantizer]
        return [_FEATURES[part] for part in sorted(request["parts"] or _FEATURES)]

    def check_one_click(self, request: Mapping[str, Any]) -> None:
        """Check what a training in one go reads before its first step has run.

        Raises:
            ParameterError, MissingError: as :meth:`step`.
        """
        self.places.confined("inp", request["inp"])
        self._computing(request)
        self._pretrained.check_trainable("pretrained_s2G", request["pretrained_s2G"])
        judged = bool(VERSIONS[_version(request, "pretrained_s2G")].discriminator)
        for name in _NETWORKS:
            if judged or name != "pretrained_s2D":
                self._network(name, request)

    # --- training ---

    def _sovits(self, request: Mapping[str, Any]) -> Step:
        computing = self._computing(request)  # first: nobody shall fetch weights for what is not allowed
        self._pretrained.check_trainable("pretrained_s2G", request["pretrained_s2G"])
        begun = ("--pretrained", self._network("pretrained_s2G", request))
        if VERSIONS[_version(request, "pretrained_s2G")].discriminator:
            judge = ("--pretrained-d", self._network("pretrained_s2D", request))
            samples = ("--sample-steps", str(self._sample_steps))
            options = (*begun, *judge, *_options(request, "text_low_lr_rate"), *samples)
            return self._trained("s2", request, (*computing, *options))
        options = (*computing, *begun, *_options(request, "lora_rank"), _switch("if_grad_ckpt", request))
        return self._trained("s2", request, options)

    def _gpt(self, request: Mapping[str, Any]) -> Step:
        computing = self._computing(request)
        options = (*computing, "--pretrained", self._network("pretrained_s1", request), _switch("if_dpo", request))
        return self._trained("s1", request, options)

    def _network(self, field: str, request: Mapping[str, Any]) -> str:
        """Return the real path of a network that a request names, of its version where it names none of its own."""
        path, version = request[field], request["version"]
        if version and field in _DEFAULTS:
            network, default = _DEFAULTS[field]
            path = published_path(version, network) if path == default else path
        return str(self._pretrained.find(field, path))

    def _trained(self, stage: str, request: Mapping[str, Any], options: tuple[str, ...]) -> Step:
        exp_name = request["exp_name"]
        given = request["inp_path"]
        folder = self.places.folder("inp_path", given) if given else self.places.experiment(exp_name)
        common = (
            *("--exp-dir", str(folder), "--name", exp_name),
            *_options(request, "batch_size", "save_every_epoch"),
            *("--epochs", str(request["total_epoch"])),
            *(_switch(name, request) for name in ("if_save_latest", "if_save_every_weights")),
            *(("--version", request["version"]) if request["version"] else ()),
        )
        return Step((*TRAIN, stage, *common, *options, *self._on_device()), folder, folder)

    def _computing(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the options that say how a training computes, where that is not the usual way.

        Raises:
            ParameterError: it asks for more processes than the service allows.
        """
        usual = ComputeOptions.model_validate({})
        given = ComputeOptions.model_validate(request)  # a job from before an update lacks these fields
        if given.processes > self._processes:
            raise ParameterError("processes_over", found=given.processes, limit=self._processes)
        asked = [name for name in ComputeOptions.model_fields if getattr(given, name) != getattr(usual, name)]
        return _options(given.model_dump(), *asked)

    def _on_device(self) -> tuple[str, ...]:
        return ("--device", self._device) if self._device else ()


def _version(request: Mapping[str, Any], field: str) -> str:
    """Return the version that a request trains: the one that it says, or that of the weights a field names."""
    return str(request["version"] or version_of(request[field]))


def _passes(parts: Sequence[str], version: str) -> tuple[str, ...]:
    """Return the option that names some of the passes through a list; none for all."""
    if set(parts) in (set(), set(_FEATURES)):
        return ()
    speaker = ("speaker",) if VERSIONS[version].uses_speaker_verifier else ()
    passes = {"1a": ("text",), "1b": ("hubert", *speaker), "1c": ("semantic",)}
    return "--steps", ",".join(name for part in sorted(parts) for name in passes[part])


def _prepared(step: str, folder: Path, inputs: tuple[str, ...], options: tuple[str, ...] = ()) -> Step:
    return Step((*PREPARE, step, *inputs, "--out", str(folder), *options), folder, folder)


def _options(request: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """Return fields as options; a value that begins with a dash stays one."""
    return tuple(f"--{name.replace('_', '-')}={request[name]}" for name in names)


def _switch(name: str, request: Mapping[str, Any]) -> str:
    return f"--{'' if request[name] else 'no-'}{name.replace('_', '-')}"

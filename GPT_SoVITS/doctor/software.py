"""What is installed: packages, the device behind MindSpore, native kernels, ffmpeg."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from GPT_SoVITS import _commands
from GPT_SoVITS.doctor.findings import Finding, State
from GPT_SoVITS.engine.messages import EngineSettings

AREA = "software"
NEEDED = ("mindspore", "numpy", "soundfile", "soxr", "tokenizers", "PyYAML", "tqdm")
INSTALL = "bash install.sh"
SAMPLER = "sampler of v3, v4"


def examine(
    device_target: str | None = None, device_id: int | None = None, settings: EngineSettings | None = None
) -> list[Finding]:
    """Look at the software; imports MindSpore and opens the device.

    Args:
        device_target: ``CPU`` or ``Ascend``; None takes Ascend where it works.
        device_id: Number of the device.
        settings: Of the engine that shall compute; None for the defaults.
    """
    packages = [_package(name) for name in NEEDED]
    findings = [_project(), *packages, _sound(), _ffmpeg(), _native()]
    if all(package.state is not State.BAD for package in packages):
        findings += _device(device_target, device_id, settings or EngineSettings())
    return findings


def _project() -> Finding:
    try:
        return Finding(AREA, "gpt-sovits-mindspore", State.OK, version("gpt-sovits-mindspore"))
    except PackageNotFoundError:
        return Finding(AREA, "gpt-sovits-mindspore", State.OK, "run from its folder, not installed")


def _package(name: str) -> Finding:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(AREA, name, State.BAD, "not installed", INSTALL)
    if name == "numpy" and int(found.split(".")[0]) >= 2:
        return Finding(
            AREA, name, State.BAD, f"{found}: MindSpore fails with numpy 2", _commands.pip_install("numpy>=1.26,<2")
        )
    return Finding(AREA, name, State.OK, found)


def _sound() -> Finding:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        return Finding(AREA, "libsndfile", State.BAD, str(error), "apt-get install libsndfile1, or " + INSTALL)
    found = f"{soundfile.__libsndfile_version__}"
    missing = [name for name in ("MP3", "FLAC", "OGG") if name not in soundfile.available_formats()]
    if missing:
        return Finding(
            AREA,
            "libsndfile",
            State.NOTE,
            f"{found}, without {', '.join(missing)}",
            _commands.pip_install("-U", "soundfile"),
        )
    return Finding(AREA, "libsndfile", State.OK, f"{found}: wav, flac, mp3, ogg")


def _ffmpeg() -> Finding:
    program = shutil.which("ffmpeg")
    if program is None or shutil.which("ffprobe") is None:
        found = "not installed: references in m4a, webm and other containers, and aac output, do not work"
        return Finding(AREA, "ffmpeg", State.NOTE, found, "apt-get install ffmpeg")
    try:
        output = subprocess.run(  # noqa: S603  (an argument list; the program is the installed ffmpeg)
            [program, "-version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(AREA, "ffmpeg", State.NOTE, f"does not start: {error}", "apt-get install --reinstall ffmpeg")
    words = output.split()
    return Finding(AREA, "ffmpeg", State.OK, words[2] if len(words) > 2 else "present")


def _native() -> Finding:
    from GPT_SoVITS.native.library import load

    library = load(may_build=False)
    if library.handle is not None:
        return Finding(AREA, "native kernels", State.OK, library.description)
    needs_compiler = shutil.which("g++") is None and shutil.which("clang++") is None
    build = _commands.module("GPT_SoVITS.native", "build", "--best")
    remedy = f"apt-get install g++ && {build}" if needs_compiler else build
    found = f"{library.description}; everything works, decoding is several times slower"
    return Finding(AREA, "native kernels", State.NOTE, found, remedy)


def _sampler(settings: EngineSettings) -> Finding:
    """What the sampler of v3 and v4 multiplies on this processor."""
    from GPT_SoVITS.execution import Machine, plan_execution
    from GPT_SoVITS.native.library import load

    plan = plan_execution(settings, Machine.with_library(load(may_build=False)))
    found = f"{plan.sampler_description} (cfm_products: {settings.cfm_products})"
    if plan.why_not_bfloat16:
        return Finding(AREA, SAMPLER, State.NOTE, f"{found}; {plan.why_not_bfloat16}", "set cfm_products to auto")
    return Finding(AREA, SAMPLER, State.OK, found)


def _device(device_target: str | None, device_id: int | None, settings: EngineSettings) -> list[Finding]:
    # Otherwise MindSpore reports at length that there is no Ascend. It reads this while it is imported.
    os.environ.setdefault("GLOG_v", "3")
    try:
        from GPT_SoVITS import backend, compiled

        chosen = backend.configure(device_target, device_id)  # type: ignore[arg-type]
        findings = [Finding(AREA, "device", State.OK, f"{chosen.device_target} {chosen.device_id} ({chosen.reason})")]
        if not chosen.is_ascend:
            findings += [_convolutions(compiled.convolution_gflops, compiled.SLOW_GFLOPS), _sampler(settings)]
    except Exception as error:  # whatever MindSpore may raise while it is imported is what the user has to know
        remedy = f"install it again: {INSTALL}; for Ascend: bash install.sh --ascend"
        return [Finding(AREA, "device", State.BAD, f"MindSpore cannot compute: {_first_line(error)}", remedy)]
    return findings


def _convolutions(measure: Callable[[], float], slow: float) -> Finding:
    speed = measure()
    if speed >= slow:
        return Finding(AREA, "convolutions", State.OK, f"{speed:.0f} GFLOP/s")
    remedy = "set ONEDNN_MAX_CPU_ISA=AVX2 before Python starts, and import GPT_SoVITS before mindspore"
    return Finding(AREA, "convolutions", State.NOTE, f"{speed:.1f} GFLOP/s: oneDNN uses its slow kernel", remedy)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"

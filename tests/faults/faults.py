"""The faults: a place, the exact text there, what it becomes, and the quick tests that are to notice.

Places and tests may be patterns (``service/*/leases.py``), so that a file can move. The text must occur once in all
files of the place; ``test_faults.py`` checks that.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing to break.

    Attributes:
        name: What is wrong then, in a few words.
        place: Pattern of the file, from the project's folder.
        old: Exact text, which occurs once.
        new: What it becomes.
        tests: Patterns of test files that are run; all belong to the quick run.
        only: Expression for pytest's ``-k``; empty runs the whole files.
    """

    name: str
    place: str
    old: str
    new: str
    tests: tuple[str, ...]
    only: str = ""


FAULTS = (
    # the queue
    Fault("a fence unchecked: a heartbeat prolongs somebody else's lease",
          "service/*/leases.py", "Row.fence == fence, ", "Row.fence >= 0, ",
          ("tests/service/*/test_leases.py",)),
    Fault("a lease that never runs out",
          "service/*/leases.py", "(expires < now and ", "(False and ",
          ("tests/service/*/test_leases.py",)),
    Fault("retention takes the results of tasks that exist",
          "service/files/outputs.py", " if folder.name not in kept)", ")",
          ("tests/service/*/test_retention.py",)),
    # HTTP
    Fault("a header dropped: addresses with signatures reach other sites",
          "service/http/security_headers.py", '    "referrer-policy": "no-referrer",\n', "",
          ("tests/service/core/test_answers.py",)),
    Fault("a mask inverted: revoked keys open and valid ones do not",
          "service/http/access.py", "if name is not None or public:", "if name is None or public:",
          ("tests/service/security/test_access.py",)),
    Fault("signatures that have run out still open files",
          "service/http/urls.py", "return expires >= self._clock() and ", "return ",
          ("tests/service/security/test_access.py",)),
    Fault("an off-by-one in the limit of a body",
          "service/http/bodies.py", "if self._read > self.limit:", "if self._read >= self.limit:",
          ("tests/service/core/test_bodies.py",)),
    Fault("links out of the allowed folders are followed",
          "service/paths.py", "real = (base / path).resolve()", "real = (base / path).absolute()",
          ("tests/service/security/test_paths.py", "tests/service/weights/test_weights.py")),
    # speech: decoding and planning
    Fault("who wants float32 products by name gets rounded ones",
          "GPT_SoVITS/execution.py", 'settings.cfm_products == "float32" or ', "",
          ("tests/test_execution.py",)),
    Fault("the best token may be cut off by top-p",
          "GPT_SoVITS/t2s/sampling.py", "    remove[0] = False\n", "",
          ("tests/networks/test_t2s_sampling.py",)),
    Fault("the penalty favours repetition where scores are negative",
          "GPT_SoVITS/t2s/sampling.py", "scores < 0, scores * penalty", "scores < 0, scores / penalty",
          ("tests/networks/test_t2s_sampling.py",)),
    Fault("the end token is allowed a step too early",
          "GPT_SoVITS/t2s/decoding.py", "self.idx < STEPS_WITHOUT_END", "self.idx < STEPS_WITHOUT_END - 1",
          ("tests/networks/test_t2s_decoding.py",)),
    Fault("a repeated attempt draws the same random numbers",
          "GPT_SoVITS/inference/attempts.py", "SeedSequence((seed, segment, attempt, ",
          "SeedSequence((seed, segment, 0, ", ("tests/inference/test_attempts.py",)),
    Fault("an owner that comes back has credit for its idle time",
          "GPT_SoVITS/scheduler/fairness.py", "_Account(least)", "_Account(0.0)",
          ("tests/scheduler/test_fairness.py", "tests/scheduler/test_turns.py")),
    Fault("streams about to run out wait in line",
          "GPT_SoVITS/scheduler/choosing.py", "if heads and at_risk(task, now):", "if heads and False:",
          ("tests/scheduler/test_turns.py", "tests/scheduler/test_streams.py")),
    # speech: numbers
    Fault("a window edge off by one: content windows lack a token of context",
          "GPT_SoVITS/inference/frames.py", "start = min(found[-1].last - margin, length - size)",
          "start = min(found[-1].last - margin + 1, length - size)", ("tests/inference/test_frames.py",)),
    Fault("the generator's windows overlap by a frame too few",
          "GPT_SoVITS/sovits/windows.py", "max(covered - halo_frames, 0)", "max(covered - halo_frames + 1, 0)",
          ("tests/networks/test_sovits_vocoder.py",)),
    Fault("an epsilon wrong in the layer norm of HuBERT and RoBERTa",
          "GPT_SoVITS/layers/elementwise.py", "variance + np.float32(eps)", "variance + np.float32(100 * eps)",
          ("tests/networks/test_stack.py",)),
    Fault("relative positions reach one step less",
          "GPT_SoVITS/sovits/host.py", "min(window, n - 1) + 1)", "min(window, n - 1))",
          ("tests/networks/test_sovits_host.py",)),
    Fault("a wrong floor under the magnitudes of a spectrogram",
          "GPT_SoVITS/features/spectrogram.py", "spectrum.imag**2 + MAGNITUDE_FLOOR", "spectrum.imag**2",
          ("tests/networks/test_spectrograms.py",), "silence"),
    Fault("a lock left out: two threads run one graph",
          "GPT_SoVITS/compiled.py", "with _run_lock:\n            return", "if True:\n            return",
          ("tests/networks/test_backend.py",), "threads"),
    Fault("the speed's resampling is shifted by half a frame",
          "GPT_SoVITS/sovits/speed.py", "* float(scale) - 0.5", "* float(scale)",
          ("tests/networks/test_sovits.py", "tests/networks/test_sovits_parts.py"), "speed"),
    # files and text
    Fault("subtitles overlap",
          "GPT_SoVITS/audio/subtitles.py", "end = min(end, round(segments[index + 1].start * 1000))", "pass",
          ("tests/audio/test_subtitles.py",)),
    Fault("an off-by-one in cutting: five sentences a group",
          "GPT_SoVITS/text/cutting.py", "range(0, len(sentences), _PER_GROUP)",
          "range(0, len(sentences), _PER_GROUP + 1)", ("tests/text/test_cutting.py",)),
    Fault("a pickle may take any number of steps",
          "convert/inert.py", "if self._left < 0:", "if False:",
          ("tests/convert/test_bombs.py", "tests/convert/test_formats.py")),
    Fault("a library of another interface is loaded",
          "GPT_SoVITS/native/library.py", "if version != ABI_VERSION:", "if False:",
          ("tests/native/test_build.py",)),
)  # fmt: skip

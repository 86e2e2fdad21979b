"""The doctor's command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from GPT_SoVITS import _commands
from GPT_SoVITS.doctor import installed, machine, software
from GPT_SoVITS.doctor.findings import Finding, as_json, as_text, speech_possible
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.versions import CFM_PRODUCTS, PRECISIONS


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(
        prog=_commands.module("GPT_SoVITS.doctor"),
        description="Say whether this machine can speak, how fast, and what to do where it cannot.",
        epilog="Exit status: 0 speech is possible, 1 it is not.",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--quick", action="store_true", help="without the self-test and the speed estimate")
    parser.add_argument("--precision", choices=PRECISIONS, default="float16",
                        help="of the speed estimate (default float16)")  # fmt: skip
    parser.add_argument("--cfm-products", choices=CFM_PRODUCTS, default="auto",
                        help="what the sampler of v3 and v4 multiplies (default auto)")  # fmt: skip
    parser.add_argument("--device-target", choices=("Ascend", "CPU"), help="default: Ascend where it works, else CPU")
    parser.add_argument("--device", type=int, help="number of the NPU")
    return parser


def examine(options: argparse.Namespace) -> list[Finding]:
    """Look at everything."""
    settings = EngineSettings(precision=options.precision, cfm_products=options.cfm_products)
    findings = machine.examine()
    findings += software.examine(options.device_target, options.device, settings) + installed.examine()
    computes = not any(finding.name == "device" and finding.remedy for finding in findings)
    if computes and not options.quick:
        from GPT_SoVITS.doctor import speed

        if not options.json:
            print("self-test and speed estimate, about a minute ...", file=sys.stderr, flush=True)
        findings += speed.examine(settings)
    return findings


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine and report; 1 when speech is impossible."""
    options = build_parser().parse_args(arguments)
    findings = examine(options)
    possible = speech_possible(findings)
    if options.json:
        print(json.dumps(as_json(findings), ensure_ascii=False, indent=2))
    else:
        print(as_text(findings))
        print("\nspeech is possible" if possible else "\nspeech is NOT possible yet: see the lines marked BAD")
    return 0 if possible else 1

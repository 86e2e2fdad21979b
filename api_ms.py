"""Launcher of the service: parses the command line, sets the device, runs.

The HTTP service is not part of this version. Until it is, this launcher sets the device the way the service will and
runs the self-test of the networks on it, so that an installation can be checked with the command people know.
"""

from __future__ import annotations

import argparse
import sys


def parser() -> argparse.ArgumentParser:
    """The options that concern the device; those of the server come with the server."""
    options = argparse.ArgumentParser(
        description="Check the device and the networks (no HTTP service in this version)."
    )
    options.add_argument(
        "--device", type=int, help="number of the NPU (also infer_device_id, ASCEND_DEVICE_ID, DEVICE_ID)"
    )
    options.add_argument("--device-target", choices=("Ascend", "CPU"), help="default: Ascend where it works, else CPU")
    options.add_argument("--model", default="v2", choices=("v1", "v2", "v2Pro", "v2ProPlus"), help="model version")
    return options


def main() -> int:
    """Run the self-test on the chosen device."""
    options = parser().parse_args()
    from GPT_SoVITS import selftest

    arguments = ["--model", options.model]
    if options.device is not None:
        arguments += ["--device", str(options.device)]
    if options.device_target:
        arguments += ["--device-target", options.device_target]
    status = selftest.main(arguments)
    print("The HTTP service is not part of this version; see CHANGELOG.md.", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())

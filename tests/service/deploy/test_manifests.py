"""The files of deploy/ are valid, and name commands, settings, ports and figures that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import api_ms
from service import worker
from service.queue import KINDS
from service.settings import PREFIX, Settings
from tests.service.conftest import Starter

FOLDER = Path(__file__).parents[3] / "deploy"
MANIFESTS = sorted((FOLDER / "kubernetes").glob("*.yaml"))
CLUSTERS = ("1.29", kubernetes_validate.latest_version())


def _objects() -> Iterator[dict[str, Any]]:
    for path in MANIFESTS:
        yield from yaml.safe_load_all(path.read_text("utf-8"))


def _pods() -> Iterator[dict[str, Any]]:
    for found in _objects():
        if found["kind"] == "Deployment":
            yield found["spec"]["template"]["spec"]


def _containers() -> Iterator[dict[str, Any]]:
    for pod in _pods():
        yield from pod["containers"]


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    return found


def _commands() -> list[list[str]]:
    ours = [service["command"] for service in _compose()["services"].values() if "command" in service]
    return [*ours, *(container["command"] for container in _containers())]


@pytest.mark.parametrize("version", CLUSTERS)
def test_manifests_fit_the_schemas_of_kubernetes(version: str) -> None:
    for found in _objects():
        kubernetes_validate.validate(found, version, strict=True)


def test_every_command_is_one_that_is_understood() -> None:
    commands = _commands()
    assert len(commands) == 6
    for command in commands:
        assert command[0] == "python"
        if command[1] == "api_ms.py":
            api_ms.parser().parse_args(command[2:])
        else:
            assert command[1:3] == ["-m", "service.worker"]
            given = worker.parser().parse_args(command[3:])
            assert given.metrics_port and set(given.kinds) <= set(KINDS)


def test_together_workers_take_every_kind() -> None:
    for commands in (_commands()[:3], _commands()[3:]):
        kinds = [word for command in commands for word in command if word in KINDS]
        assert sorted(kinds) == sorted(KINDS)


def test_every_variable_is_a_setting() -> None:
    names = {name for service in _compose()["services"].values() for name in service.get("environment", {})}
    names |= {each["name"] for container in _containers() for each in container["env"]}
    names |= {name for found in _objects() if found["kind"] == "Secret" for name in found["stringData"]}
    ours = {name for name in names if name.startswith(PREFIX)}
    assert ours and {name.removeprefix(PREFIX).lower() for name in ours} <= set(Settings.model_fields)


def test_pods_are_probed_limited_and_not_root() -> None:
    for pod in _pods():
        assert pod["securityContext"]["runAsNonRoot"] and pod["terminationGracePeriodSeconds"] > 10
        for container in pod["containers"]:
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            assert {"startupProbe", "livenessProbe"} <= container.keys()
            for name in ("startupProbe", "livenessProbe", "readinessProbe"):
                if name in container:
                    assert container[name]["httpGet"]["port"] in ports
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
            assert str(next(iter(ports.values()))) in container["command"]


def test_workers_that_speak_grow_with_the_age_of_the_queue() -> None:
    scalers = {found["metadata"]["name"]: found for found in _objects() if found["kind"] == "HorizontalPodAutoscaler"}
    targets = {found["metadata"]["name"] for found in _objects() if found["kind"] == "Deployment"}
    assert all(found["spec"]["scaleTargetRef"]["name"] in targets for found in scalers.values())
    metric = scalers["voice-speech"]["spec"]["metrics"][0]["external"]["metric"]
    assert metric["name"] == "queue_oldest_seconds"


def test_pods_that_speak_share_no_volume() -> None:
    secret = next(found["stringData"] for found in _objects() if found["kind"] == "Secret")
    assert secret["GPT_SOVITS_FILES_URL"].startswith("s3://")
    speaking = [pod for pod in _pods() if "speech" in pod["containers"][0]["command"]]
    assert len(speaking) == 1 and all("emptyDir" in volume for volume in speaking[0]["volumes"])
    assert int(speaking[0]["volumes"][0]["emptyDir"]["sizeLimit"].removesuffix("Gi")) << 10 > (
        Settings.model_fields["files_space_mb"].default
    )


def test_services_of_compose_wait_for_what_they_need_and_keep_their_data() -> None:
    found = _compose()
    for name, service in found["services"].items():
        for needed in service.get("depends_on", {}):
            assert "healthcheck" in found["services"][needed], name
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in found["volumes"]
    assert all(
        "PASSWORD:?" in text for text in re.findall(r"\$\{[^}]*\}", (FOLDER / "compose.yaml").read_text("utf-8"))
    )


def test_the_dashboard_shows_figures_that_exist(start: Starter) -> None:
    board = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    text = "".join(each["expr"] for panel in board["panels"] for each in panel["targets"])
    shown = set(re.findall(r"\b((?:queue|worker|engine|jobs|broker|voice_task)_[a-z_]+)", text))
    told = start().client.get("/metrics").text
    known = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    source = (Path(worker.__file__).parent / "queue_metrics.py").read_text("utf-8")
    for name in shown:
        base = name.removesuffix("_bucket")
        assert base in known or f'"{base.removesuffix("_total")}"' in source, name

"""The kinds of training, made of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from GPT_SoVITS.engine.interface import Engine
from service.jobs.running import WorkingKind
from service.jobs.transactions import Sessions
from service.settings import Settings
from service.training.commands import Commands
from service.training.kind import OneClickKind, StepKind, Workshop
from service.training.logs import Logs
from service.training.names import STEPS
from service.training.places import Places
from service.training.pretrained import Pretrained
from service.training.running import Patience

LOG_FOLDER = "training"


@dataclass(frozen=True)
class Training:
    """What the service has for training.

    Attributes:
        kinds: Of jobs.
        commands: Composes what they run.
        logs: What they say to people.
    """

    kinds: tuple[WorkingKind, ...]
    commands: Commands
    logs: Logs


def open_training(settings: Settings, engine: Engine, reading: Sessions, logs: Path) -> Training:
    """Return the kinds of training.

    Args:
        settings: Of the service.
        engine: Speaks on the device that trainings may have to share.
        reading: Opens a session for reading.
        logs: The service's folder of logs.
    """
    datasets, experiments = settings.within_root((settings.dataset_root, settings.experiment_root))
    commands = Commands(
        Places(settings.root, datasets, experiments, settings.training_places),
        Pretrained(settings.root, settings.weight_places),
        settings.device_target,
        settings.training_sample_steps,
        settings.training_processes,
    )
    threads = {"OMP_NUM_THREADS": str(settings.training_threads)} if settings.training_threads else {}
    workshop = Workshop(
        commands=commands,
        logs=Logs(logs / LOG_FOLDER),
        reading=reading,
        folder=settings.root,
        turns=lambda: _takes_turns(settings, engine),
        parallel=settings.training_parallel,
        niceness=settings.training_niceness,
        variables={**threads, "DEVICE_ID": str(settings.device_id)},
        # The worker waits for steps under way nearly as long, before it cuts them off.
        patience=Patience(at_stop=max(1.0, settings.shutdown_seconds - 4.0)),
    )
    kinds: tuple[WorkingKind, ...] = (*(StepKind(name, workshop) for name in STEPS), OneClickKind(workshop))
    return Training(kinds, commands, workshop.logs)


def _takes_turns(settings: Settings, engine: Engine) -> bool:
    if settings.training_turns != "auto":
        return settings.training_turns == "always"
    return settings.device_target == "Ascend" or engine.status().device.startswith("Ascend")

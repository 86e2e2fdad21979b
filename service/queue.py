"""The queue with the kinds of this program: the only place that knows them all. A new kind is one more line here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from GPT_SoVITS.engine.messages import Progress, SynthesisRequest
from service.ages import PassedTime
from service.bus import ChangeBus
from service.container import Container
from service.files.carrier import FileCarrier
from service.jobs.bells import Bell, LocalBell, NotifyBell
from service.jobs.cleaning import Cleaning
from service.jobs.device import Sharing
from service.jobs.kinds import Kinds
from service.jobs.manager import JobManager
from service.jobs.records import Change, EventType
from service.jobs.running import WorkingKind
from service.jobs.worker import Worker, WorkerSettings
from service.paths import confined
from service.queue_metrics import LeaseMetrics, QueueMetrics
from service.settings import Settings
from service.speech import messages as speech_messages
from service.speech.carried import CarriedSpeechFiles
from service.speech.file_repair import SpeechFiles
from service.speech.files import TaskFiles
from service.speech.kind import SpeechKind
from service.speech.metrics import TaskMetrics
from service.speech.records import KIND
from service.speech.requests import StoredRequests
from service.synthesis.requests import Utterance
from service.synthesis.speakers import StoredSpeakers
from service.training import messages as training_messages
from service.training.names import KINDS as TRAINING_KINDS
from service.training.opening import Training, open_training
from service.training.submitting import TrainingJobs

if TYPE_CHECKING:
    from service.broker.broker import Broker
    from service.broker.forms import MessageForm
    from service.broker.link import Part

KINDS = (KIND, *TRAINING_KINDS)
"""Names of all kinds."""
CLOCK_FILE = ".clock.json"
"""Readings of the clock, by which retention counts."""
_WAITS_AGAIN = frozenset(
    each.value
    for each in (
        EventType.SUBMITTED,
        EventType.RETRIED,
        EventType.RESUMED,
        EventType.REPEATED,
        EventType.HANDED_BACK,
    )
)
NEED_ENGINE = frozenset({KIND})
"""Those that need the engine."""


@dataclass(frozen=True)
class Queue:
    """What a process needs to use the queue.

    Attributes:
        jobs: The queue.
        kinds: The kinds that can run in this process, by name.
        speech: The kind of voice tasks, one of them.
        training: The kinds of training, and where they read and write.
        trainings: Accepts their jobs.
        bell: Wakes workers.
        broker: Messages in and out; None without one.
    """

    jobs: JobManager
    kinds: Mapping[str, WorkingKind]
    speech: SpeechKind
    training: Training
    trainings: TrainingJobs
    bell: Bell
    broker: Broker | None = None


class Announcer:
    """After every commit: tells who follows the job, its kind, and workers that may want it. Never fails."""

    def __init__(self, kinds: Kinds, bus: ChangeBus, bell: Bell, metrics: LeaseMetrics) -> None:
        self._kinds, self._bus, self._bell, self._metrics = kinds, bus, bell, metrics

    def __call__(self, change: Change) -> None:
        """Announce a change."""
        kind = self._kinds[change.event.kind]
        self._bus.publish(kind.noun, change.event.job_id, change)
        kind.announced(change)
        self._metrics.count(change)
        if change.event.type in _WAITS_AGAIN:
            self._bell.ring(change.event.kind)
        elif change.event.type == EventType.DONE.value and change.job is not None and change.job.parent is not None:
            self._bell.ring()  # of the steps that waited for it, whatever kinds they are


def open_queue(container: Container, demand: Callable[[Utterance], str] = lambda asked: asked.language) -> Queue:
    """Return the queue on the service's database, with every kind that there is.

    Args:
        container: What the kinds are made of.
        demand: Refuses new voice tasks that cannot be spoken as things are installed, and returns in which language
            the others are.
    """
    settings, bus, database = container.settings, container.get(ChangeBus), container.database
    files = _speech_files(container)
    speech = SpeechKind(
        engine=container.engine,
        folders=files.folders,
        requests=StoredRequests(StoredSpeakers(container), container.engine, demand),
        reading=database.reading,
        bus=bus,
        metrics=TaskMetrics(container.metrics),
        parallel=settings.concurrent_tasks,
        files=files,
    )
    training = open_training(settings, container.engine, database.reading, container.folders.logs)
    working: tuple[WorkingKind, ...] = (speech, *training.kinds)
    kinds = Kinds(*working)
    broker = _broker(container, kinds)
    bell = _bell(container) if broker is None else broker.bell
    announcer = Announcer(kinds, bus, bell, LeaseMetrics(container.metrics))
    jobs = JobManager(database, kinds, announcer, max_attempts=settings.task_attempts)
    trainings = TrainingJobs(jobs, database.reading, training.commands, settings.waiting_limit)
    if broker is not None:
        broker.attach(jobs, _forms(settings, trainings))
    working_kinds = {kind.name: kind for kind in working}
    return Queue(jobs, working_kinds, speech, training, trainings, bell, broker)


def _speech_files(container: Container) -> SpeechFiles:
    carrier = container.get(FileCarrier)
    folders = TaskFiles(container.folders.root, carrier)
    return CarriedSpeechFiles(folders, container.database.reading) if carrier.apart else SpeechFiles(folders)


def _forms(settings: Settings, trainings: TrainingJobs) -> tuple[MessageForm, ...]:
    """Return what messages of every kind mean."""
    from service.broker.forms import MessageForm

    make = speech_messages.reader(settings.text_limit)
    told = speech_messages.told
    return (
        MessageForm(speech_messages.EXCHANGE, KIND, speech_messages.EXCHANGE, make, only_messages=True, result=told),
        *(
            MessageForm(exchange, kind, training_messages.MODELS.get(kind, kind), trainings.reader(kind), steps)
            for exchange, kind, steps in training_messages.EXCHANGES
        ),
    )


def _broker(container: Container, kinds: Kinds) -> Broker | None:
    address = container.settings.broker
    if address is None:
        return None
    from service.broker.broker import Broker
    from service.broker.relay import Relay

    changes = frozenset(kind.noun for kind in kinds.values())
    relay = Relay(container.get(ChangeBus), changes, {"progress": (asdict, lambda found: Progress(**found))})
    broker = Broker(address.get_secret_value(), tuple(kinds), container.database, relay, container.offload)
    broker.parts.append(_of_engines(container))
    return broker


def _of_engines(container: Container) -> Part:
    """Return what leads to the engines of others, or others to the engine here."""
    from service.remote.engine import BrokerEngine
    from service.remote.serving import EngineServing

    if isinstance(container.engine, BrokerEngine):
        return container.engine
    settings, speakers = container.settings, StoredSpeakers(container)

    def check(request: SynthesisRequest) -> None:
        for clip in (request.reference.path, *request.reference.auxiliary):
            speakers.bring(clip)
            confined(clip, (*settings.audio_places, container.folders.audio), settings.root, "ref_wav_path")
        for weights in (request.weights.gpt, request.weights.sovits) if request.weights else ():
            confined(weights, settings.weight_places, settings.root, "weights")

    return EngineServing(container.engine, settings.concurrent_tasks, check, container.offload)


def _bell(container: Container) -> Bell:
    local, database = LocalBell(), container.database
    if not container.settings.worker_notify or database.is_sqlite:
        return local
    address = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    return NotifyBell(address, local)


def show_figures(queue: Queue, container: Container, worker: Worker | None) -> None:
    """Let the figures of the queue be read among those of the process.

    Args:
        queue: Of this.
        container: Has the registry.
        worker: Of this process; None where it does not work.
    """
    QueueMetrics(container.metrics, container.database.reading, KINDS, worker, queue.broker)


def new_worker(queue: Queue, container: Container, kinds: Collection[str] | None = None) -> Worker:
    """Return a worker of this process, not started.

    Args:
        queue: On this.
        container: Settings and threads.
        kinds: Only these; None takes all.
    """
    chosen = {name: kind for name, kind in queue.kinds.items() if kinds is None or name in kinds}
    settings = worker_settings(container.settings)
    return Worker(queue.jobs, chosen, queue.bell, container.working, settings, _passed(container).before)


def new_cleaning(queue: Queue, container: Container) -> Cleaning:
    """Return what removes old files where no worker of this process does, not started."""
    passed = _passed(container)
    return Cleaning(queue.jobs.recovery, container.offload, passed.before, container.settings.retention)


def _passed(container: Container) -> PassedTime:
    return PassedTime(container.settings.root / CLOCK_FILE)


def worker_settings(settings: Settings) -> WorkerSettings:
    """Return how a worker works, by the service's settings."""
    root = settings.root
    return WorkerSettings(
        places=(root, *(root / name for name in ("task", "done", "error", "output"))),
        sharing=Sharing(settings.device_first or None, settings.device_turn),
        retention_seconds=settings.retention,
        grace_seconds=max(0.0, settings.shutdown_seconds - 2.0),
    )

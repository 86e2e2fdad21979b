"""Without a broker nothing of it is loaded; speech as a message is the task that HTTP would make."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service.errors import ParameterError
from service.speech.errors import TextTooLongError
from service.speech.messages import reader


def test_without_a_broker_its_library_is_not_loaded() -> None:
    look = (
        "import sys, service.app, service.worker, service.tasks.domain;"
        "sys.exit(any(name.split('.')[0] in ('aio_pika', 'aiormq') or name.startswith('service.broker.')"
        " for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


def test_a_message_for_speech_is_a_task() -> None:
    make = reader(20)
    new = make({"text": "你好。", "model_id": "m", "user_id": "u", "unknown": 1, "session_id": "s"}, "name")
    assert (new.kind, new.job_id, new.user_id, new.request["text"]) == ("speech", "name", "u", "你好。")
    assert make({"text": "x", "task_id": "t"}, "name").job_id == "t"
    with pytest.raises(ParameterError, match="text: Field required"):
        make({"model_id": "m"}, "name")
    with pytest.raises(TextTooLongError):
        make({"text": "x" * 21}, "name")

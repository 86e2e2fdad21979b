"""Speech as a job: what makes two submissions the same."""

from __future__ import annotations

from service.jobs.records import canonical_hash
from service.speech.records import new_speech
from service.synthesis.fields import SpeechFields

ADDED_SINCE = {"reading", "sample_steps", "super_sampling"}


def test_a_task_from_before_a_field_existed_is_the_same_when_it_comes_again() -> None:
    request = SpeechFields.model_validate({"text": "今天天气不错。", "model_id": "narrator"}).model_dump()
    earlier = {name: value for name, value in request.items() if name not in ADDED_SINCE}
    assert new_speech("T1", "u", request).body_hash == canonical_hash({**earlier, "user_id": "u"})
    official = {**request, "reading": "official"}
    assert new_speech("T1", "u", official).body_hash != new_speech("T1", "u", request).body_hash

"""Publishers and consumers of the old service work with this one as they are: a real broker, plain pika."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from service.broker.models import OutboxRow
from service.broker.topology import DEAD_QUEUE, EXCHANGES, start_queue
from service.database import Database
from tests.service.broker.bench import STEPS, OldClient, bench
from tests.service.rabbitmq import RabbitServer
from tests.waiting import eventually

BODY: dict[str, Any] = {"inp": "data/in", "session_id": "会话-1", "min_length": 4000, "unheard_of": [1, {"a": None}]}


def _answer(old: OldClient, queue: str) -> Any:
    return eventually(lambda: old.got(queue))


def test_a_job_that_comes_as_a_message_is_answered_as_before(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    ends = {tool: old.listens("slice", f"end{tool}") for tool in ("", "slice", "工具")}
    for tool in ends:
        old.publish("slice", {**BODY, "tool": tool})  # some before the service is there: its queue is durable
    formatted, trained = old.listens("1abc", "end"), old.listens("1Ba", "end")
    with bench(rabbit.url, database, tmp_path):
        for queue in ends.values():
            assert _answer(old, queue) == {
                **{"type": "end_message", "model": "slice", "status": "completed", "message": "slice阶段完成"},
                **{"session_id": "会话-1", "dur": 0},
            }
        old.publish("1abc", BODY)
        old.publish("1Ba", {**BODY, "upto": 3, "fail_at": 1}, correlation_id="c-7")
        assert eventually(lambda: old.got(formatted))["model"] == "format"
        properties, body = eventually(lambda: old.raw(trained))
        assert '"message": "sovitsTrain阶段失败"' in body.decode() and '"status": "failed"' in body.decode()
        assert (properties.delivery_mode, properties.correlation_id) == (2, "c-7")
        assert properties.message_id and properties.content_type == "application/json"


def test_every_step_of_one_click_is_told_in_order_and_a_failure_once(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    process = old.listens("one_click", "process")
    with bench(rabbit.url, database, tmp_path):
        old.publish("one_click", {"session_id": "s1"})
        told = [eventually(lambda: old.got(process)) for _ in STEPS]
        assert [each["message"] for each in told] == [f"{model}阶段完成" for model in STEPS.values()]
        old.publish("one_click", {"session_id": "s2", "fail": "denoise"})
        told = [eventually(lambda: old.got(process)) for _ in range(2)]
        assert [(each["model"], each["status"]) for each in told] == [("slice", "completed"), ("denoise", "failed")]
    assert old.got(process) is None


def test_everything_of_the_contract_is_declared(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    with bench(rabbit.url, database, tmp_path, works=False) as here:
        eventually(lambda: here.connected)
        for exchange in EXCHANGES:  # refused by the broker where they differ
            old.channel.exchange_declare(exchange, "direct", durable=True)
            old.channel.queue_declare(start_queue(exchange), durable=True)
            old.channel.basic_publish(exchange, "start", b"{}", mandatory=True)


def test_what_cannot_become_a_job_is_answered_and_left_among_the_dead_letters(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    ends = old.listens("slice", "end")
    bodies = [b"{broken", b"[1]", b'{"session_id": "s"}', b"\xff\xfe\x00", b'{"inp": "' + b"x" * (10 << 20) + b'"}']
    with bench(rabbit.url, database, tmp_path) as here:
        for body in bodies:
            old.publish("slice", body)
        answers = [eventually(lambda: old.got(ends)) for _ in bodies]
        assert {each["status"] for each in answers} == {"failed"} and all(each["error"] for each in answers)
        dead = [eventually(lambda: old.raw(DEAD_QUEUE)) for _ in bodies]
        assert [body for _, body in dead] == bodies
        assert all(properties.headers["x-exchange"] == "slice" for properties, _ in dead)
        old.publish("slice", '{"inp": "数据", "session_id": "中文"}'.encode("gb18030"))
        assert eventually(lambda: old.got(ends))["session_id"] == "中文"
        assert here.connected and old.depth(start_queue("slice")) == 0


def test_a_message_that_nobody_can_take_is_given_up_after_three_tries(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    ends = old.listens("slice", "end")
    with bench(rabbit.url, database, tmp_path):
        old.publish("slice", {**BODY, "deadly": True})
        old.publish("slice", BODY)
        first, second = (eventually(lambda: old.got(ends)) for _ in range(2))
        assert (first["status"], second["status"]) == ("failed", "completed") and "3 times" in first["error"]
        assert b"deadly" in eventually(lambda: old.raw(DEAD_QUEUE))[1]


def test_an_answer_waits_until_somebody_binds_a_queue_for_it(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    with bench(rabbit.url, database, tmp_path) as here:
        for number in range(3):
            old.publish("slice", {**BODY, "session_id": number})
        eventually(lambda: here.broker.outbox.waiting()[0] == 3)
        with database.reading() as session:  # the jobs ran beside each other: they ended in any order
            written = [
                body["session_id"] for body in session.scalars(select(OutboxRow.body).order_by(OutboxRow.number))
            ]
        ends = old.listens("slice", "end")
        assert [eventually(lambda: old.got(ends))["session_id"] for _ in range(3)] == written
        assert sorted(written) == [0, 1, 2]
        eventually(lambda: here.broker.outbox.waiting()[0] == 0)

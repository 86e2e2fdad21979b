"""Words about jobs of the queue, and about what has become of tasks."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "job_missing": (
        "there is no {noun} {job_id}: it may have been removed; look at the list",
        "{noun} {job_id} 不存在，可能已被删除，请查看列表。",
    ),
    "job_ended": (
        "{noun} {job_id} has ended already ({status}): there is nothing to cancel",
        "{noun} {job_id} 已结束（{status}），无需取消。",
    ),
    "job_over": (
        "{noun} {job_id} has ended already ({status}): there is nothing to pause",
        "{noun} {job_id} 已结束（{status}），无需暂停。",
    ),
    "job_being_removed": (
        "{noun} {job_id} is being removed: try again",
        "{noun} {job_id} 正在删除，请重试。",
    ),
    "job_id_taken": (
        "another {noun} with the id {job_id} has not ended yet: wait until it has, or choose another id",
        "编号为 {job_id} 的另一个{noun}尚未结束，请等它结束或换一个编号。",
    ),
    "jobs_too_many": (
        "user {user_id} has {found} waiting {noun}s, the limit is {limit}: wait for some to end",
        "用户 {user_id} 有 {found} 个等待中的{noun}，上限为 {limit}，请等待部分完成。",
    ),
    "job_not_in_error": (
        "{noun} {job_id} is {status}, only a {noun} in error can be tried again",
        "{noun} {job_id} {status}，只有出错的{noun}才能重试。",
    ),
    "job_is_step": (
        "{noun} {job_id} is a step: try the whole again",
        "{noun} {job_id} 是其中一步，请重试整个{noun}。",
    ),
    "result_name_taken": (
        "{job_id} names a result that /synthesize has kept: choose another id",
        "{job_id} 已是 /synthesize 保存的结果名，请换一个编号。",
    ),
    "segment_unspoken": (
        "segment {index} of task {task_id} is not spoken yet: wait for it",
        "任务 {task_id} 的第 {index} 段（从 0 起）尚未合成，请稍候。",
    ),
    "segment_before_done": (
        "task {task_id} is {status}: a segment is spoken again once it is done",
        "任务 {task_id} {status}，完成后才能重新合成其中一段。",
    ),
    "segment_under_way": (
        "a segment of task {task_id} is being spoken again already: wait for it",
        "任务 {task_id} 已有一段正在重新合成，请稍候。",
    ),
    "segment_cut_changed": (
        "the text is cut differently now: submit it as a new task",
        "文本的断句方式已改变，请作为新任务提交。",
    ),
    "segment_missing": (
        "task {task_id} has {found} segments, counted from 0; {index} is none",
        "任务 {task_id} 共 {found} 段（从 0 起），没有第 {index} 段。",
    ),
    "result_missing": (
        "task {task_id} is {status}: there is no result yet; wait until it is done",
        "任务 {task_id} {status}，还没有结果，请等待完成。",
    ),
    "task_changed": (
        "task {task_id} was changed meanwhile: load it again, then try again",
        "任务 {task_id} 期间已被修改，请刷新后重试。",
    ),
    "task_looked_after": (
        "task {task_id} was looked after meanwhile: try again",
        "任务 {task_id} 期间已被整理，请重试。",
    ),
    "ids_too_many": (
        "{found} ids are too many for an address: use POST /voice-tasks/query",
        "{found} 个编号放不进地址，请使用 POST /voice-tasks/query。",
    ),
    "cancelled": ("cancelled", "已取消"),
    "reference_gone": (
        "the reference audio {name} is not there any more: choose another voice, and submit the text again",
        "参考音频 {name} 已不存在，请换一个声音重新提交。",
    ),
    "worker_stopping": ("the service is shutting down", "服务正在关闭，稍后自动继续。"),
    "worker_lost": ("its worker died or fell silent", "执行任务的进程已退出或失去响应，将自动重试。"),
    "other_turn": (
        "another kind has its turn on the device",
        "设备正轮到另一类任务使用，稍后自动继续。",
    ),
    "database_lost": ("the database was lost", "与数据库的连接中断，稍后自动继续。"),
    "unexpected": ("{detail}", "意外错误，请重试，或查看日志：{detail}"),
    "message_too_long": (
        "the message has {found}, the limit is {limit}: send less",
        "消息大小为 {found}，上限为 {limit}，请减小。",
    ),
    "message_no_json": (
        "the message is no JSON: send a JSON object in UTF-8",
        "消息不是 JSON，请发送 UTF-8 编码的 JSON 对象。",
    ),
    "message_no_object": (
        "the message is JSON of type {found}: send an object with the fields of the request",
        "消息是 {found} 类型的 JSON，请发送包含请求字段的对象。",
    ),
    "message_too_deep": (
        "the message is nested deeper than {limit} levels: send it flatter",
        "消息嵌套超过 {limit} 层，请减少嵌套。",
    ),
    "message_characters": (
        "the message holds characters that cannot be stored (NUL or half a surrogate pair): leave them out",
        "消息含有无法存储的字符（NUL 或不完整的代理对），请去掉。",
    ),
    "message_deadly": (
        "the message was tried {tries} times, and each time its taker failed: look at the service's log",
        "消息已尝试 {tries} 次，每次处理都失败，请查看服务日志。",
    ),
    "message_fields": (
        "fields of the message are wrong: {problems}",
        "消息字段有误：{problems}",
    ),
}

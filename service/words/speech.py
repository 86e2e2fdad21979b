"""Words about speaking while a client waits, and about the interfaces of older clients."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "text_too_long": (
        "the text has {found} characters, the limit is {limit}: shorten it, or send it in parts",
        "文本有 {found} 个字符，上限为 {limit}，请缩短或分次发送。",
    ),
    "voice_unnamed": (
        "give model_id (a stored voice) or ref_wav_path (reference audio on the server)",
        "请指定 model_id（已保存的声音）或 ref_wav_path（服务器上的参考音频）。",
    ),
    "task_id_of_queue": (
        "task id {task_id} belongs to a task of the queue: choose another id",
        "任务编号 {task_id} 已被队列中的任务使用，请换一个编号。",
    ),
    "reference_unset": ("未指定参考音频且接口无预设", "未指定参考音频且接口无预设"),
    "ref_audio_path_needed": (
        "ref_audio_path is required",
        "缺少参考音频 ref_audio_path，请指定。",
    ),
    "prompt_lang_needed": (
        "prompt_lang is required where prompt_text is given",
        "提供 prompt_text 时必须同时提供 prompt_lang。",
    ),
    "speaker_missing": (
        "there is no voice '{voice}'; GET {address} lists them",
        "声音“{voice}”不存在；GET {address} 列出所有声音。",
    ),
    "model_missing": (
        "there is no model '{model}'; GET /v1/models lists them",
        "模型“{model}”不存在；GET /v1/models 列出所有模型。",
    ),
    "srt_missing": (
        "there is no file {name}; it may have been removed after its retention: ask for the speech again",
        "文件 {name} 不存在，可能已过保留期被清理，请重新合成。",
    ),
}

"""Values of parameters that are words themselves: parameter -> value -> English and Chinese."""

from __future__ import annotations

TERMS: dict[str, dict[str, tuple[str, str]]] = {
    "language": {
        "zh": ("Chinese", "中文"),
        "en": ("English", "英文"),
        "ja": ("Japanese", "日文"),
        "ko": ("Korean", "韩文"),
        "yue": ("Cantonese", "粤语"),
    },
    "detail": {"unconfigured": ("none are configured", "尚未配置模型")},
    "noun": {"task": ("task", "任务"), "training": ("training", "训练")},
    "status": {
        "wait": ("waiting", "等待中"),
        "run": ("running", "进行中"),
        "done": ("done", "已完成"),
        "error": ("in error", "已出错"),
    },
    "network": {"gpt": ("GPT", "GPT"), "sovits": ("SoVITS", "SoVITS")},
    "state": {
        "starting": ("it is starting, weights are loading", "正在启动并加载模型"),
        "no_weights": ("no weights are in use", "未使用任何模型"),
        "restarting": ("it ended and is being started again", "意外退出，正在重新启动"),
        "closed": ("it is closed", "已关闭"),
    },
}

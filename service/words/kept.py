"""Words about weights and installable resources."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "weights_other_network": (
        "{field} names weights of another network ({found}): choose a file for this one",
        "{field} 指定的是另一种网络（{found}）的模型，请选择对应的文件。",
    ),
    "weights_unexamined": (
        "{field}: {detail}; try again in a moment",
        "{field} 暂时无法检查，请稍后重试：{detail}",
    ),
    "weights_unusable": (
        "{field} cannot be used: {name}: {detail}",
        "{field} 无法使用，请换一个文件：{name}：{detail}",
    ),
    "weights_unnamed": (
        "name gpt_model_path, sovits_model_path, or both",
        "请指定 gpt_model_path、sovits_model_path 或两者。",
    ),
    "weights_half": (
        "no {network} weights are current: name {network}_model_path as well",
        "当前没有使用中的 {network} 模型，请同时指定它的路径。",
    ),
    "weights_slow": (
        "loading took longer than {seconds} s; the old weights go on serving: try again, or choose other weights",
        "加载超过 {seconds} 秒，继续使用原模型。请重试，或选择其他模型。",
    ),
    "weights_kept": (
        "{detail}; the old weights go on serving",
        "模型未能加载，继续使用原模型：{detail}",
    ),
    "starter_speaks": (
        "a small demonstration model speaks, which comes with the program: its own voices, in {spoken} only; no "
        "cloning of other voices is promised; the official weights take its place as soon as they are installed",
        "当前使用随程序附带的小型演示模型：只有自带的声音，只会说 {spoken}，不保证能克隆其他声音；"
        "安装官方模型后会自动切换。",
    ),
    "no_weights": (
        "no usable weights are in use, so nothing can be spoken yet: {detail}; download some under Models, "
        "or on the server run: {command}",
        "没有可用的语音模型，暂时无法合成：{detail}。请在“模型”页下载，或在服务器上运行：{command}",
    ),
    "resource_missing": (
        "{language} cannot be spoken yet: {name} ({what}) is not installed; download it under Models, "
        "or on the server run: {command}",
        "暂时无法合成{language}：缺少 {name}（{what}）。请在“模型”页下载，或在服务器上运行：{command}",
    ),
    "package_missing": (
        "{language} cannot be spoken: {name} is not installed; on the server run: {command}",
        "暂时无法合成{language}：缺少语言组件 {name}。请在服务器上运行：{command}",
    ),
    "engine_unavailable": (
        "the speech engine is not ready: {state}; wait a moment, or look into its log",
        "语音引擎尚未就绪：{state}。请稍候，或查看日志。",
    ),
    "engine_unavailable_because": (
        "the speech engine is not ready: {state} ({detail})",
        "语音引擎尚未就绪：{state}。请稍候，或查看日志：{detail}",
    ),
    "download_running": (
        "a download is running: wait for it, or stop it",
        "已有下载正在进行，请等待完成，或先停止它。",
    ),
    "folder_unusable": (
        "there is no folder '{folder}' that the service may read: check the path",
        "服务器上没有服务可以读取的文件夹 {folder}，请检查路径。",
    ),
    "resource_unknown": (
        "there is no resource '{name}'; GET /resources lists them",
        "没有名为“{name}”的资源；GET /resources 列出所有资源。",
    ),
}

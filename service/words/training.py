"""Words about trainings: what they begin with, and why a step did not end well."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "pretrained_missing": (
        "{field}: {name} is not installed; fetch it with: {command}",
        "{field}：尚未安装 {name}，请运行以下命令下载：{command}",
    ),
    "base_only_speaks": (
        "{field}: {name} can speak but not be trained further: train its GPT alone, and let that speak with this file",
        "{field}：{name} 只能用于合成，无法继续训练。请只训练它的 GPT，再与此文件一起合成。",
    ),
    "experiment_taken": (
        "the experiment {name} belongs to another user: choose another exp_name",
        "实验 {name} 属于另一个用户，请换一个 exp_name。",
    ),
    "processes_over": (
        "processes is {found}, this service allows {limit}: ask for fewer, or have training_processes raised",
        "processes 为 {found}，本服务上限为 {limit}：请减少，或提高 training_processes。",
    ),
    "dataset_missing": (
        "there is no dataset {name}: look at the list of datasets",
        "数据集 {name} 不存在，请查看数据集列表。",
    ),
    "recording_suffix": (
        "{name} is not named as a recording: its name should end in one of {known}",
        "{name} 不是录音文件名，应以下列后缀之一结尾：{known}",
    ),
    "recording_unreadable": ("{name} cannot be read as sound: {detail}", "{name} 无法作为音频读取：{detail}"),
    "recording_names_taken": (
        "too many recordings are called {name}: rename the file",
        "名为 {name} 的录音过多，请重命名文件。",
    ),
    "recordings_too_many": (
        "{found} files are too many for one request, the limit is {limit}: send several requests",
        "一次请求最多 {limit} 个文件，收到 {found} 个，请分批上传。",
    ),
    "rates_differ": (
        "the recordings have different sample rates ({first} and {second} Hz): slice them again",
        "两段录音的采样率不同（{first} 与 {second} Hz），请重新切片。",
    ),
    "split_needs_second": ("a split needs second: where it is to be parted", "拆分需要 second：从何处分开。"),
    "split_outside": (
        "second is {found}, the recording is {seconds} s long: choose a moment within it",
        "second 为 {found}，录音长 {seconds} 秒，请选择其中的时刻。",
    ),
    "list_changed": (
        "the list was changed meanwhile (revision {name}): load it again, then repeat the change",
        "列表期间已被修改（版本 {name}），请重新加载后再修改。",
    ),
    "list_too_large": ("the list has {found}, the limit is {limit}: part it", "列表为 {found}，上限 {limit}，请拆分。"),
    "list_language": ("the language is '{found}', expected one of {known}", "语言为“{found}”，应为以下之一：{known}"),
    "list_divider": (
        "{field} must not have | or line breaks: they divide a list",
        "{field} 不能含有 | 或换行，它们是列表的分隔符。",
    ),
    "list_index": (
        "there is no line {index}: the list has {found}",
        "没有第 {index} 行（从 0 起），列表共 {found} 行。",
    ),
    "experiment_missing": (
        "there is no experiment {name}: look at the list of experiments",
        "实验 {name} 不存在，请查看实验列表。",
    ),
    "folder_locked": (
        "an earlier attempt still writes the folder: it goes on once that has ended",
        "上一次运行仍在写入该文件夹，结束后自动继续。",
    ),
    "step_failed": ("{detail}", "步骤失败：{detail}"),
    "step_killed": (
        "its process was killed by {signal}: if memory ran out, choose a smaller batch_size",
        "进程被信号 {signal} 终止；如因内存不足，请减小 batch_size。",
    ),
    "step_ended": (
        "its process ended with status {found}: {detail}; the log has more",
        "进程以状态 {found} 结束：{detail}；详情请查看日志。",
    ),
}

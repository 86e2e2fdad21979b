"""Everything the command line says, in Chinese and English."""

from __future__ import annotations

import os
from collections.abc import Mapping

LANGUAGES = ("zh", "en")

MESSAGES: dict[str, dict[str, str]] = {
    "unknown_resource": {
        "en": "no resource is named {found!r}; there are: {expected}",
        "zh": "没有名为 {found!r} 的资源；现有：{expected}",
    },
    "nothing_selected": {
        "en": "name what to fetch: ids, --version v2, --language ja, or --all (`list` shows them)",
        "zh": "请指明要下载什么：资源 id、--version v2、--language ja 或 --all（用 list 查看）",
    },
    "missing_library": {
        "en": "{name} is not installed; install it with: {command}",
        "zh": "未安装 {name}；请运行：{command}",
    },
    "unreachable": {
        "en": "{host} cannot be reached ({reason}); check the network, or use another --source, --mirror or "
        "--offline-folder",
        "zh": "无法连接 {host}（{reason}）；请检查网络，或改用其他 --source、--mirror 或 --offline-folder",
    },
    "not_available": {
        "en": "{url} answered {status}: the file is missing or access was refused; use another --source or --mirror",
        "zh": "{url} 返回 {status}：文件不存在或不提供；请改用其他 --source 或 --mirror",
    },
    "broken": {
        "en": "{url} broke off after {done} of {total} bytes ({reason}); run the command again to resume",
        "zh": "{url} 在 {done}/{total} 字节处中断（{reason}）；重新运行即可从断点继续",
    },
    "busy": {
        "en": "{path} is being downloaded by another process; wait for it",
        "zh": "另一个进程正在下载 {path}；请等待其完成",
    },
    "no_space": {
        "en": "{path} needs {needed} more on its disk, {free} are free; make room or choose another --dest",
        "zh": "{path} 还需要 {needed} 磁盘空间，仅剩 {free}；请清理磁盘或另选 --dest",
    },
    "unwritable": {
        "en": "{path} cannot be written ({reason}); make room or mend the disk, then run the command again",
        "zh": "{path} 无法写入（{reason}）；请清理或检查磁盘后重新运行",
    },
    "wrong_size": {
        "en": "{origin} gave {found} bytes, expected {expected}; the file was discarded, try another source",
        "zh": "{origin} 给出 {found} 字节，应为 {expected} 字节；该文件已丢弃，请换一个来源",
    },
    "wrong_checksum": {
        "en": "{origin} has SHA-256 {found}, expected {expected}; the file was discarded, try another source",
        "zh": "{origin} 的 SHA-256 为 {found}，应为 {expected}；该文件已丢弃，请换一个来源",
    },
    "bad_archive": {
        "en": "{origin} cannot be unpacked: {reason}; it was discarded, run the command again",
        "zh": "{origin} 无法解包：{reason}；已丢弃，请重新运行",
    },
    "archive_lacks": {
        "en": "{origin} lacks {names}; use another --source",
        "zh": "{origin} 中缺少 {names}；请改用其他 --source",
    },
    "not_in_folder": {
        "en": "{name} is not in {folder}; looked for: {places}",
        "zh": "{folder} 中没有 {name}；查找过：{places}",
    },
    "no_folder": {
        "en": "the offline folder {folder} does not exist",
        "zh": "离线文件夹 {folder} 不存在",
    },
    "no_source": {
        "en": "{source} has no copy of {name}; use another --source",
        "zh": "{source} 上没有 {name}；请改用其他 --source",
    },
    "all_failed": {
        "en": "{name} could not be fetched:\n{reasons}",
        "zh": "无法获得 {name}：\n{reasons}",
    },
    "already": {"en": "{name}: already there", "zh": "{name}：已存在"},
    "fetching": {"en": "{name} from {origin}", "zh": "{name}，来自 {origin}"},
    "placed": {"en": "{name}: done, {path}", "zh": "{name}：完成，{path}"},
    "unverified": {
        "en": "{name}: no published checksum is known, only its presence was checked",
        "zh": "{name}：没有已知的官方校验值，只检查了文件是否存在",
    },
    "failed_count": {
        "en": "{count} of {total} resources failed; run the command again to resume",
        "zh": "{total} 项资源中有 {count} 项失败；重新运行可继续",
    },
    "state_ok": {"en": "ok", "zh": "正常"},
    "state_present": {"en": "present (no known checksum)", "zh": "存在（无已知校验值）"},
    "state_absent": {"en": "absent", "zh": "缺失"},
    "state_size": {
        "en": "wrong size: {found} bytes, expected {expected}",
        "zh": "大小不符：{found} 字节，应为 {expected}",
    },
    "state_checksum": {
        "en": "wrong checksum: SHA-256 {found}, expected {expected}",
        "zh": "校验值不符：SHA-256 {found}，应为 {expected}",
    },
    "mend": {"en": "repair it with: {command}", "zh": "修复命令：{command}"},
    "check_ok": {"en": "all selected resources are present", "zh": "所需内容齐全"},
    "check_bad": {"en": "some selected resources are missing or damaged", "zh": "有内容缺失或损坏"},
    "check_none": {"en": "no model version is complete", "zh": "没有任何版本的模型是完整的"},
    "check_versions": {"en": "complete for synthesis: {versions}", "zh": "可用于合成的版本：{versions}"},
    "head_id": {"en": "id", "zh": "标识"},
    "head_needed": {"en": "needed by", "zh": "用于"},
    "head_size": {"en": "download", "zh": "下载量"},
    "head_state": {"en": "here", "zh": "本机"},
    "head_what": {"en": "what it is", "zh": "说明"},
    "training": {"en": "training", "zh": "训练"},
    "yes": {"en": "yes", "zh": "有"},
    "no": {"en": "no", "zh": "无"},
}


def say(key: str, language: str, **params: object) -> str:
    """Return one message; `language` is `zh` or `en`."""
    return MESSAGES[key][language].format(**params)


def default_language(environment: Mapping[str, str] = os.environ) -> str:
    """Return `zh` when the locale is Chinese, else `en`."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def readable_size(size: int | None) -> str:
    """Return bytes as `1.5 MB` (decimal units), `?` when not known."""
    if size is None:
        return "?"
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.2f} GB"

"""Words about requests, files on the server, storage and the database."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "address_unknown": (
        "there is nothing at this address: look at /docs for the addresses that there are",
        "此地址没有内容，可用地址见 /docs。",
    ),
    "method_unknown": (
        "the address does not take this method; the Allow header names those that it takes",
        "此地址不支持该请求方法，支持的方法见 Allow 头。",
    ),
    "http_error": ("{detail}", "请求无法处理：{detail}"),
    "internal": (
        "internal error; the log has it under request {request_id}: try again, and tell the administrator",
        "服务内部错误，日志中的请求编号为 {request_id}。请重试，或联系管理员。",
    ),
    "value_out_of_range": (
        "a value is out of the range that can be stored: send a smaller number or usual characters",
        "有数值超出可存储的范围，请改用较小的数字或常规字符。",
    ),
    "disk_full": (
        "the disk is full: nothing was changed; free some space, then try again",
        "磁盘已满，未做任何更改。请清理磁盘后重试。",
    ),
    "disk_broken": (
        "the disk cannot be written ({reason}): nothing was changed; tell the administrator",
        "磁盘无法写入（{reason}），未做任何更改。请联系管理员。",
    ),
    "store_away": (
        "the store of files does not answer: nothing was changed; try again",
        "文件存储没有响应，未做任何更改，请重试。",
    ),
    "file_lost": (
        "{name} is missing or damaged in the store of files: make it again, or tell the administrator",
        "文件存储中的 {name} 缺失或已损坏，请重新生成，或联系管理员。",
    ),
    "database_silent": (
        "the database does not answer: try again",
        "数据库没有响应，请重试。",
    ),
    "database_busy": (
        "the database is busy, another transaction has not ended: try again",
        "数据库正忙，另一个事务尚未结束，请重试。",
    ),
    "database_too_new": (
        "the database is at revision {revision}, unknown here: install the later version again",
        "数据库版本 {revision} 比当前程序新，请重新安装更新的版本。",
    ),
    "database_missing": (
        "the database is missing or empty, and the folders hold {count} tasks: put service.db back, or make a new one "
        "from what the files tell with: {command}",
        "数据库缺失或为空，而文件夹中有 {count} 个任务：请放回 service.db，或运行以下命令按文件重建：{command}",
    ),
    "commit_unknown": (
        "the database was lost while it stored this: look whether it did, or try again",
        "保存时与数据库的连接中断，请查看是否已保存，或重试。",
    ),
    "body_too_large": (
        "the body of the request is too large: the limit is {limit}; send less",
        "请求内容过大，上限为 {limit}，请减少内容。",
    ),
    "body_too_slow": (
        "nothing of the body came for {seconds} s: send the request again",
        "{seconds} 秒内没有收到请求内容，请重新发送。",
    ),
    "range_outside": (
        "the range lies outside of the file, which has {size} bytes: ask for one within",
        "请求的范围超出文件（共 {size} 字节），请在此范围内请求。",
    ),
    "path_malformed": (
        "{field} is empty, too long, or has characters that paths do not have: send the path of a file",
        "{field} 为空、过长或含有路径不允许的字符，请填写文件路径。",
    ),
    "path_unresolvable": (
        "{field} cannot be resolved: check the path",
        "无法解析 {field}，请检查路径。",
    ),
    "path_outside": (
        "{field} must lie in one of the folders {folders}: move the file there",
        "{field} 必须位于以下文件夹之一：{folders}。请将文件移到那里。",
    ),
    "weights_path_outside": (
        "{field} must lie in one of the folders {folders}: move the file there, or "
        "start the service with --weights-root FOLDER to allow another one",
        "{field} 必须位于以下文件夹之一：{folders}。请将文件移到那里，"
        "或以 --weights-root FOLDER 启动服务以允许其他文件夹。",
    ),
    "audio_path_outside": (
        "{field} must lie in one of the folders {folders}; "
        "start the service with --audio-root FOLDER to allow another one",
        "{field} 必须位于以下文件夹之一：{folders}。如需允许其他文件夹，请以 --audio-root FOLDER 启动服务。",
    ),
    "folder_missing": (
        "{field}: there is no folder {name}; check the path",
        "{field}：文件夹 {name} 不存在，请检查路径。",
    ),
    "path_missing": (
        "{field}: there is no file or folder {name}; check the path",
        "{field}：文件或文件夹 {name} 不存在，请检查路径。",
    ),
    "identifier_form": (
        "{field} must have 1 to 128 printable characters: choose another one",
        "{field} 须为 1 至 128 个可显示字符，请换一个。",
    ),
    "file_name_form": (
        '{field} becomes part of file names: use at most {limit} bytes, without / \\ : * ? " < > |, '
        "and no dot, dash or space at its beginning",
        '{field} 会用作文件名：最多 {limit} 字节，不能含有 / \\ : * ? " < > |，也不能以点、短横线或空格开头。',
    ),
    "file_missing": (
        "{field}: there is no file {name}; check the path",
        "{field}：文件 {name} 不存在，请检查路径。",
    ),
    "stopping": (
        "the service stops before this could be spoken: ask again",
        "服务即将停止，未能完成合成，请稍后重试。",
    ),
    "not_ready": (
        "{detail}",
        "服务尚未就绪：{detail}",
    ),
    "language_unknown": (
        "language is one of {expected}",
        "language 只能是以下之一：{expected}。",
    ),
}

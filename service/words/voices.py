"""Words about voices, their clips, and categories."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "voice_missing": (
        "there is no voice '{model_id}': choose one of the list of voices",
        "声音“{model_id}”不存在，请从声音列表中选择。",
    ),
    "voice_exists": (
        "a voice {model_id} exists already, called '{model_name}': choose another model_id",
        "编号 {model_id} 已被声音“{model_name}”使用，请换一个编号。",
    ),
    "voice_busy": (
        "voice {model_id} is being changed by another request: try again",
        "声音 {model_id} 正在被另一个请求修改，请重试。",
    ),
    "voice_in_use": (
        "voice {model_id} is in use: tasks that have not ended speak in it; "
        "wait for them, or delete it with force=true",
        "声音 {model_id} 正被未完成的任务使用。请等待任务结束，或使用 force=true 强制删除。",
    ),
    "voice_folder_taken": (
        "the folder audio/{model_id} exists and belongs to no voice: move it away",
        "文件夹 audio/{model_id} 已存在，但不属于任何声音，请将它移走。",
    ),
    "voice_without_reference": (
        "voice {model_id} has no reference audio: upload one",
        "声音 {model_id} 没有参考音频，请上传。",
    ),
    "voice_half_weights": (
        "voice {model_id} has one weight file of its own, and no other is loaded to go with it: "
        "choose both, or load weights",
        "声音 {model_id} 只指定了一个模型文件，且没有可搭配的已加载模型。请同时指定两个，或先加载模型。",
    ),
    "model_id_form": (
        "model_id must have 1 to 64 of the characters A-Z a-z 0-9 _ -: choose such an id",
        "model_id 须为 1 至 64 个字符，只能使用 A-Z a-z 0-9 _ -，请换一个编号。",
    ),
    "gender_unknown": ("gender is 1 (male) or 2 (female): send one of them", "gender 只能是 1（男）或 2（女）。"),
    "reference_needed": (
        "refer_wav is needed, and it is empty: send a recording of 3 to 10 seconds",
        "缺少参考音频 refer_wav，请上传一段 3 至 10 秒的录音。",
    ),
    "form_without_file": (
        "the form has no file: send the exported voice in the field file",
        "表单中没有文件，请在 file 字段中上传导出的声音。",
    ),
    "clip_unknown": (
        "{field} names '{name}'; the voice's auxiliary clips are: {known}",
        "{field} 中的“{name}”不存在；此声音的辅助音频有：{known}。",
    ),
    "clips_too_many": (
        "a voice may have {limit} auxiliary clips, {found} were sent: send fewer",
        "一个声音最多有 {limit} 段辅助音频，收到 {found} 段，请减少数量。",
    ),
    "upload_empty": ("{field} is an empty file: choose another one", "{field} 是空文件，请另选文件。"),
    "upload_too_large": (
        "{field} is too large: the limit is {limit}; send a shorter or smaller file",
        "{field} 过大，上限为 {limit}，请上传更短或更小的文件。",
    ),
    "avatar_unreadable": (
        "avatar cannot be read: send a PNG, JPEG, WebP, GIF, BMP or AVIF picture",
        "无法读取头像，请上传 PNG、JPEG、WebP、GIF、BMP 或 AVIF 图片。",
    ),
    "avatar_too_large": (
        "avatar has {width} x {height} pixels; at most {limit} million are read: send a smaller picture",
        "头像为 {width} × {height} 像素，最多支持 {limit} 百万像素，请上传更小的图片。",
    ),
    "cut_malformed": (
        "refer_start and refer_end are seconds, 0 <= start < end <= {limit}: choose the part anew",
        "refer_start 和 refer_end 以秒为单位，须满足 0 ≤ 起点 < 终点 ≤ {limit}，请重新选择片段。",
    ),
    "cut_outside": (
        "the cut ends at {end} s, the recording has {found} s: choose a part within it",
        "所选片段止于 {end} 秒，而录音只有 {found} 秒，请在录音范围内选择。",
    ),
    "clip_silent": (
        "refer_wav is silent, nothing can be heard in it: record it again, or choose another one",
        "参考音频没有声音，请重新录制或换一段。",
    ),
    "auxiliary_too_short": (
        "an auxiliary clip has {found} s; at least {limit} s are needed: send a longer one",
        "有辅助音频只有 {found} 秒，至少需要 {limit} 秒，请换一段更长的。",
    ),
    "auxiliary_silent": (
        "an auxiliary clip is silent, nothing can be heard in it: choose another one",
        "有辅助音频没有声音，请换一段。",
    ),
    "archive_damaged": (
        "the file is no zip archive, or is damaged: export the voice again",
        "文件不是 zip 压缩包或已损坏，请重新导出声音。",
    ),
    "archive_crowded": (
        "the archive has more than the {limit} entries that an exported voice has at most: send an exported voice",
        "压缩包中的文件超过 {limit} 个，不是导出的声音，请上传导出的声音。",
    ),
    "archive_repeats": (
        "the archive has two entries of one name; an exported voice has none: export the voice again",
        "压缩包中有重名文件，导出的声音不会如此，请重新导出。",
    ),
    "archive_not_json": (
        "{name} in the archive is not JSON: export the voice again",
        "压缩包中的 {name} 不是 JSON，请重新导出声音。",
    ),
    "archive_foreign": (
        "the archive is no exported voice, its {name} does not say {expected}: send an exported voice",
        "压缩包不是导出的声音：{name} 中没有 {expected}。请上传导出的声音。",
    ),
    "archive_without_reference": (
        "the archive has no reference audio: export the voice again",
        "压缩包中没有参考音频，请重新导出声音。",
    ),
    "archive_not_text": (
        "{field} in {name} must be text: export the voice again",
        "{name} 中的 {field} 必须是文本，请重新导出声音。",
    ),
    "archive_dictionary": (
        "{name} in the archive cannot be used: {detail}; correct it, or take it out",
        "压缩包中的 {name} 无法使用：{detail}。请修正或将其移除。",
    ),
    "archive_name": (
        "{field} in {name} is not the plain name of a file: export the voice again",
        "{name} 中的 {field} 不是普通文件名，请重新导出声音。",
    ),
    "archive_lacks": (
        "the archive has no {name}: export the voice again",
        "压缩包中缺少 {name}，请重新导出声音。",
    ),
    "archive_entry_damaged": (
        "{name} in the archive is damaged or encrypted: export the voice again",
        "压缩包中的 {name} 已损坏或被加密，请重新导出声音。",
    ),
    "archive_entry_too_large": (
        "{name} in the archive unfolds into more than {limit}, which is the limit",
        "压缩包中的 {name} 解压后超过上限 {limit}，请使用更小的文件。",
    ),
    "archive_too_large": (
        "the archive unfolds into more than {limit}, which is the limit",
        "压缩包解压后超过上限 {limit}，请减少内容。",
    ),
    "dictionary_entries": (
        "nothing was saved, because some entries cannot be used ({found}): correct them",
        "有 {found} 个词条无法使用，词典未保存，请修改。",
    ),
    "dictionary_repeated": (
        "'{word}' stands in entry {place} already: remove one of them",
        "“{word}”与第 {place} 个词条重复，请删除其中一个。",
    ),
    "dictionary_changed": (
        "the dictionary was changed meanwhile: load it again, then repeat your change",
        "词典已被他人修改，请重新加载后再修改。",
    ),
    "dictionary_unreadable": (
        "the file of the dictionary cannot be used, correct it on the server: {detail}",
        "词典文件无法使用，请在服务器上修正：{detail}",
    ),
    "category_missing": (
        "there is no category '{category}': choose one of the list of categories",
        "分类“{category}”不存在，请从分类列表中选择。",
    ),
    "category_exists": (
        "a category {category_id} exists already: choose another category_id",
        "分类编号 {category_id} 已存在，请换一个编号。",
    ),
    "category_name_exists": (
        "a category named '{name}' exists already: choose another name",
        "已有名为“{name}”的分类，请换一个名称。",
    ),
    "category_id_form": (
        "category_id must have 1 to 64 of the characters A-Z a-z 0-9 _ -: choose such an id",
        "category_id 须为 1 至 64 个字符，只能使用 A-Z a-z 0-9 _ -，请换一个编号。",
    ),
    "categories_too_many": (
        "a voice may be in {limit} categories, {found} are named: name fewer",
        "一个声音最多属于 {limit} 个分类，收到 {found} 个，请减少数量。",
    ),
    "line_length": (
        "{field} must have 1 to {limit} characters, it has {found}",
        "{field} 须为 1 至 {limit} 个字符，现有 {found} 个，请修改。",
    ),
    "text_length": (
        "{field} may have {limit} characters, it has {found}: shorten it",
        "{field} 最多 {limit} 个字符，现有 {found} 个，请缩短。",
    ),
    "control_characters": (
        "{field} has control characters: remove them",
        "{field} 含有控制字符，请删除。",
    ),
}

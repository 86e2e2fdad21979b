"""Words about what the speech engine and the text front end refuse, by the codes of their error types.

Their own text, which is English and names files, numbers and limits, is the parameter ``detail``.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "engine_failed": ("{detail}", "语音引擎出错，请重试：{detail}"),
    "request_invalid": ("{detail}", "请求参数有误，请修改：{detail}"),
    "reference_unusable": ("{detail}", "参考音频无法使用，请换一段：{detail}"),
    "reference_length": (
        "the reference audio is {found} s long; {shortest} to {longest} s are needed: "
        "record or cut out a part of that length",
        "参考音频长 {found} 秒，须为 {shortest} 至 {longest} 秒，请裁剪或换一段。",
    ),
    "setting_out_of_range": (
        "{field} is {found}, expected {lowest} to {highest}",
        "{field} 为 {found}，应在 {lowest} 至 {highest} 之间，请修改。",
    ),
    "language_not_trained": (
        "the current weights speak {spoken} only, and the text has {found}: choose another language, voice or weights",
        "当前模型只会说 {spoken}，文本中有 {found}，请换一种语言、声音或模型。",
    ),
    "transcript_not_trained": (
        "the current weights speak {spoken} only, and what is said in the reference has {found}: choose another "
        "reference, voice or weights",
        "当前模型只会说 {spoken}，参考音频的文本中有 {found}，请换一段参考音频、一个声音或模型。",
    ),
    "format_unknown": (
        "audio format '{found}' is unknown; there are {expected}",
        "不支持音频格式“{found}”，可选：{expected}。",
    ),
    "engine_weights_missing": ("{detail}", "模型文件缺失，请下载或检查路径：{detail}"),
    "engine_weights_invalid": ("{detail}", "模型文件无法使用，请换一个：{detail}"),
    "memory_short": ("{detail}", "内存不足，请稍后重试，或缩短文本：{detail}"),
    "engine_busy": ("{detail}", "语音引擎正忙，请稍后重试：{detail}"),
    "engine_died": ("{detail}", "语音引擎意外退出，请重试：{detail}"),
    "engine_closed": ("{detail}", "语音引擎已关闭，请稍后重试：{detail}"),
    "synthesis_failed": ("{detail}", "合成失败，请重试，或换一个参考音频：{detail}"),
    "encoding_failed": ("{detail}", "音频编码失败，请换一种格式：{detail}"),
    "text_unreadable": ("{detail}", "文本无法朗读，请修改：{detail}"),
    "text_empty": ("{detail}", "文本中没有可以朗读的内容，请至少输入一个词：{detail}"),
    "text_language_unsupported": ("{detail}", "不支持此语言，请换一种：{detail}"),
    "text_resource_missing": ("{detail}", "缺少此语言所需的组件，请先安装：{detail}"),
    "cutting_unknown": ("{detail}", "没有这种断句方式，请换一种：{detail}"),
    "reading_unknown": ("{detail}", "没有这种读法，请换一种：{detail}"),
    "dictionary_unusable": ("{detail}", "发音词典中有无法使用的行，请修改：{detail}"),
    "dictionary_language": (
        "the language '{found}' is unknown: choose one of {known}",
        "没有语言“{found}”，可选：{known}。",
    ),
    "dictionary_word": (
        "the word is empty or has signs that cannot be seen: write it in visible characters",
        "词语为空或含有不可见字符，请重新填写。",
    ),
    "dictionary_word_long": (
        "the word may have {limit} characters, it has {found}: shorten it",
        "词语最多 {limit} 个字符，现有 {found} 个，请缩短。",
    ),
    "dictionary_not_han": (
        "'{word}' is not of Han characters only: choose English for words in Latin letters",
        "“{word}”不全是汉字；含拉丁字母的词请选择英文。",
    ),
    "dictionary_pronunciation": (
        "the pronunciation is empty: give syllables or phonemes",
        "读音为空，请填写音节或音素。",
    ),
    "dictionary_pinyin": (
        "'{found}' is no syllable in pinyin: write it with its tone, 1 to 5, such as chong2",
        "“{found}”不是拼音音节，请带声调数字 1 至 5 书写，例如 chong2。",
    ),
    "dictionary_jyutping": (
        "'{found}' is no syllable in jyutping: write it with its tone, 1 to 6, such as hong4",
        "“{found}”不是粤拼音节，请带声调数字 1 至 6 书写，例如 hong4。",
    ),
    "dictionary_count": (
        "'{word}' needs {syllables} syllables or {phonemes} phonemes, {found} are given: give one syllable "
        "for each character",
        "“{word}”需要 {syllables} 个音节或 {phonemes} 个音素，现有 {found} 个，请为每个字写一个音节。",
    ),
    "dictionary_phoneme": (
        "'{found}' is no phoneme of the models: correct it",
        "“{found}”不是模型的音素，请修改。",
    ),
    "markup_malformed": ("{detail}", "文本中的标记有误，请修改：{detail}"),
}

"""Words about wrong fields, by the validator's type of error; its own words where there are none here."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "fields_wrong": ("{detail}", "请求参数有误，请修改：{detail}"),
    "field_missing": ("this field is required: send it", "缺少此项，请填写"),
    "field_json": ("this is no JSON: {detail} at character {place}", "不是有效的 JSON：第 {place} 个字符处 {detail}"),
    "field_encoding": (
        "this is no UTF-8: the byte at {place} belongs to no character; send UTF-8",
        "不是有效的 UTF-8：位置 {place} 的字节不属于任何字符，请以 UTF-8 发送",
    ),
    "field_unreadable": ("this cannot be read: {detail}", "无法读取：{detail}"),
    "field_number": ("a number is expected", "应为数字"),
    "field_integer": ("a whole number is expected", "应为整数"),
    "field_text": ("a text is expected", "应为文本"),
    "field_boolean": ("true or false is expected", "应为 true 或 false"),
    "field_list": ("a list is expected", "应为列表"),
    "field_object": ("an object is expected", "应为对象"),
    "field_too_long": ("at most {limit} characters are allowed: shorten it", "最多 {limit} 个字符，请缩短"),
    "field_too_short": ("at least {limit} characters are expected", "至少 {limit} 个字符"),
    "field_too_many": ("at most {limit} entries are allowed, there are {found}", "最多 {limit} 项，现有 {found} 项"),
    "field_too_few": ("at least {limit} entries are expected, there are {found}", "至少 {limit} 项，现有 {found} 项"),
    "field_too_large": ("it should be less than or equal to {limit}", "不能大于 {limit}"),
    "field_too_small": ("it should be greater than or equal to {limit}", "不能小于 {limit}"),
    "field_not_below": ("it should be less than {limit}", "必须小于 {limit}"),
    "field_not_above": ("it should be greater than {limit}", "必须大于 {limit}"),
    "field_choice": ("it should be {expected}", "可选值：{expected}"),
    "field_form": ("it should have the form {expected}", "格式应为 {expected}"),
    "field_finite": ("a finite number is expected", "应为有限的数字"),
    "field_extra": ("there is no such field: leave it out", "没有此字段，请去掉"),
    "field_other": ("{detail}", "{detail}"),
}

"""Words about who may ask, and about requests as such."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "key_needed": (
        "this needs an API key: send it as Authorization: Bearer <key> or X-API-Key",
        "此操作需要 API 密钥：请通过 Authorization: Bearer <密钥> 或 X-API-Key 发送。",
    ),
    "key_invalid": (
        "the API key is not valid, or was revoked: use another one, or ask the administrator for one",
        "API 密钥无效或已撤销，请换一个密钥，或向管理员申请。",
    ),
    "too_many_wrong_keys": (
        "too many wrong API keys from this address: wait {seconds} s, then try again",
        "此地址多次发送错误的 API 密钥，请在 {seconds} 秒后重试。",
    ),
    "too_many_requests": (
        "too many requests: slow down, and try again in {seconds} s",
        "请求过于频繁，请放慢速度，{seconds} 秒后重试。",
    ),
    "two_hosts": (
        "the request has more than one Host header: send one",
        "请求中有多个 Host 头，只能发送一个。",
    ),
    "host_malformed": (
        "the Host header is not the name of a host: send the name that the address has",
        "Host 头不是有效的主机名，请使用地址中的主机名。",
    ),
    "host_unknown": (
        "the service does not answer to this host name; allowed_hosts in its settings lists it",
        "服务不接受此主机名，请在设置的 allowed_hosts 中加入。",
    ),
    "other_site": (
        "pages of other sites may not do this; cors_origins in the settings allows them",
        "不允许其他网站的页面执行此操作；如需允许，请设置 cors_origins。",
    ),
    "admin_needed": (
        "installing needs an administrator's key, one that is named admin or admin-...: {command}",
        "安装需要管理员密钥（名称为 admin 或以 admin- 开头）。在服务器上创建：{command}",
    ),
    "key_name_form": (
        "the name of a key has 1 to 100 letters, digits and . _ @ -, and spaces only within: choose such a name",
        "密钥名称须为 1 至 100 个字母、数字或 . _ @ -，空格只能在中间，请换一个名称。",
    ),
    "key_exists": (
        "there is a key named '{name}': revoke it first, or choose another name",
        "已有名为“{name}”的密钥，请先撤销它，或换一个名称。",
    ),
    "key_missing": (
        "there is no valid key named '{name}': list the keys to see their names",
        "没有名为“{name}”的有效密钥，请列出密钥查看名称。",
    ),
    "control_off": (
        "control is switched off; set allow_control in the configuration to allow it",
        "远程控制已关闭；如需使用，请在配置中设置 allow_control。",
    ),
    "control_foreign": (
        "the service runs within another program, which alone can end it: end it there",
        "服务运行在其他程序中，只能由该程序结束，请在那里操作。",
    ),
}

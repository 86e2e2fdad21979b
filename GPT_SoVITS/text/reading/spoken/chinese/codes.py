"""Numbers that name something, in Chinese: telephones, cards, rooms, models, versions, and those everybody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal, digits
from GPT_SoVITS.text.reading.draft import TAKEN, Rule
from GPT_SoVITS.text.reading.spoken.chinese.measures import UNIT_LETTERS
from GPT_SoVITS.text.reading.spoken.chinese.words import MEASURE, by_digit, code, code_parts
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, either, rule, said

Match = re.Match[str]

_WORD_TELEPHONE = either("电话 手机 热线 拨打 致电 传真 客服 座机 固话 拨 打 電話 手機 熱線 撥打 致電 傳真 撥")
_WORD_NUMBER = either(
    "号码 编号 批号 账号 帐号 卡号 学号 工号 单号 证号 代码 密码 验证码 邮编 邮政编码 尾号 车牌 门牌 航班 车次 番号 "
    "股票 序号 房间号 门牌号 学籍号 快递单号 取件码 邀请码 口令 [Qq][Qq] 微信 房号 ID id "
    "號碼 編號 批號 賬號 帳號 卡號 學號 單號 代碼 密碼 驗證碼 郵編 郵政編碼 門牌 房間號"
)
_COUNTRY_CODE = r"(?:\+\d{1,3}[- ]?)?"
_DESIGNATIONS = either("东风 长征 神舟 嫦娥 天宫 天问 巨浪 红旗 鹰击 快舟 东風 長征 嫦娥 紅旗")
_MAKERS = either("波音 空客 空中客车 空中巴士 麦道 标致 宝马 奔驰 型号 型號 機型 机型")
_AIRCRAFT = r"(?=\s?(?:客机|客機|飞机|飛機|机型|機型|型|系列|MAX))"
ROOM = either("号?房间? 室 号楼 单元 栋 幢 座 號房 房間 單元 棟")
_HOUSES = either("小区 花园 公寓 大厦 大楼 苑 家园 新村 宿舍 寝室 小區 花園 大廈 大樓 家園")
_DATE_BEFORE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$|\d/\d{1,2}$")
_PART_AFTER = re.compile(r"\d+/\d|\d{3}(?!\d)")
_NO_WHOLE = re.compile(r"(?<![\d.])0\d{0,10}$")
"""Of which what follows is no part: 007 1/2."""
_NO_MORE = r"(?![-–.,/:]?\d|\s?=)"
"""What must not follow a code: more of it, or the result of a calculation."""
_NO_COUNT = rf"(?!\d|[.,]\d|[%‰℃°]|\s?[-–—~至到]\s?\d|\s?[+×÷=*]|[多余几]?\s?{MEASURE}|\s?{UNIT_LETTERS})"
_EMERGENCY = "(?:110|112|114|119|120|122|992|999)"
_CALLED = either(
    "报警 报案 报火警 匪警 火警 警察 警方 警务 接警 出警 急救 救护 抢救 消防 求助 求救 指挥中心 热线 电话 查号 来了 "
    "赶到 報警 報案 警務 出警 急救 救護 消防 熱線 電話 來了"
)
_SERVICE = either(
    "客服 热线 服务 平台 网站 官网 网上 投诉 举报 咨询 人工 短信 充值 查询 电话 买票 购票 抢票 订票 退票 候补 "
    "APP App app 熱線 服務 投訴 電話"
)
_ALONE, _ENDED = r"(?<![^\s、，。：:；;/“\"(（])(?<!\d[,:/])", r"(?=\s?[、，。；;/！”\")）]|$)"
"""Around a number that is a clause, or a member of a list, of its own."""
_NAMED_BY_DIGITS = either("RTX GTX RX GT Arc Room room Rm Flight Gate Suite Nokia Boeing Airbus")
_AMOUNT = "(?<![有共约達达超过過近为為是至到值于於价價出数數卖賣收入花售涨跌=+×÷*<>≥≤≈-])"
"""What must not stand before a number that everybody knows: words of quantities."""
_EVENT = either(
    "事变 事件 惨案 大地震 特大地震 地震 运动(?![员会鞋服场量装品]) 讲话 空难 起义 恐怖 袭击 晚会 打假 大促 购物节 "
    "狂欢节 公祭 事變 慘案 運動(?![員會鞋服場量裝品]) 起義"
)
_UNIVERSITIES = either("高校 大学 院校 工程 学校 名校 本科 硕士 学历 毕业 双一流 大學 學校 學歷 畢業")
_NUMBERED = re.compile(r"[号號][:：是为為]?\s?$")
# Days that are named by their digits, of which 1 is 幺.
_YAO_DAYS = frozenset({"315", "618", "911"})


def _parts(match: Match) -> str:
    """Return a code of several parts: short ones are said with 杠, long ones digit by digit."""
    parts = match["code"].split("-")
    if len(parts) > 3 or sum(map(len, parts)) > 8 or min(map(len, parts)) > 2:
        return by_digit(match["code"])
    return code_parts(match["code"])


def _behind_a_licence(match: Match) -> str | None:
    """京ICP备12345678号-1: the number of the licence was read already."""
    return "杠" if match.string[match.start() - 2] == TAKEN else None


def _fixed_line(match: Match) -> str:
    return "转".join(map(by_digit, re.split("[转轉]", match[0])))


def _day(match: Match) -> str:
    """Return a day that is named by its digits: 9·18, 3·15."""
    found = re.sub(r"\D", "", match["day"])
    return digits(found, telephone=found in _YAO_DAYS)


def _error_codes(match: Match) -> str:
    return re.sub(r"\d+", lambda found: digits(found[0]), match["code"]).replace("/", "、")


def _between_numbers(match: Match) -> str | None:
    """Two numbers with a blank between them stay apart, unless they are one: a date with its time, 1 1/2, 10 000."""
    before, after = (
        match.string[max(match.start() - 11, 0) : match.start()],
        match.string[match.end() : match.end() + 12],
    )
    joined = _DATE_BEFORE.search(before) or (_PART_AFTER.match(after) and not _NO_WHOLE.search(before))
    return None if joined else "，"


_LAST_YEAR = 2100


def _local_number(match: Match) -> str | None:
    """6552-9988 alone: a range goes up, and from one round number to another."""
    first, second = int(match["first"]), int(match["second"])
    bracketed = match.string[match.start() - 1 : match.start()] in ("(", "（")  # 宋朝（960-1279）
    years = (1900 if not bracketed else 0) < first < second < _LAST_YEAR
    return None if years or (first < second and first % 10 == second % 10 == 0) else by_digit(match[0])


def telephones() -> Iterable[Rule]:
    """Yield the rules of telephone numbers, cards, and of numbers that are called so."""
    yield rule(rf"{BEFORE}\d{{4}}(?:[ -]\d{{4}}){{2,4}}(?:[ -]\d{{1,3}})?(?![\d ])", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}{_COUNTRY_CODE}1[3-9]\d[- ]?\d{{4}}[- ]?\d{{4}}(?![\d])", lambda m: by_digit(m[0]))
    area = r"(?:[(（]0\d{1,3}[)）]|0\d{2,3}(?: - |[- –)])|0\d[-)])"
    yield rule(rf"{BEFORE}{_COUNTRY_CODE}{area}\s?[1-9]\d{{2,3}}[- ]?\d{{4}}(?:[-转轉]\d{{1,6}})?(?!\d)", _fixed_line)
    yield rule(
        rf"{BEFORE}(?:\+?1[- ])?(?:[48]00|\(?[2-9]\d\d\))[- ]?\d{{3,4}}[- ]?\d{{3,4}}(?!\d)", lambda m: by_digit(m[0])
    )
    yield rule(rf"{BEFORE}\+\d{{1,3}}(?:[- ]\d{{2,4}}){{2,4}}(?!\d)", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}[2-9]\d{{3}} \d{{4}}(?![\d ])", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}{_AMOUNT}(?P<first>[2-9]\d{{2,3}})-(?P<second>\d{{4}}){_NO_COUNT}(?!-)", _local_number)
    yield rule(
        rf"(?:{_WORD_TELEPHONE}|{_WORD_NUMBER})(?:号码?|號碼?)?(?:[是为為係系:：]|[:：]\s)?\s?"
        r"(?P<digits>\d{3,}(?:[- ]\d{2,}){0,5}(?:(?:[、/和与與及]|或者?)\d{3,}(?:-\d{2,}){0,5}){0,5})"
        r"(?![\d.,]*\d)(?![多几余]?[人名次个年元块分天字万亿件份米克])",
        lambda m: re.sub(r"\d[\d -]*", lambda found: by_digit(found[0]), m["digits"]).replace("/", "、"),
        "digits",
    )
    yield from _extensions()
    yield rule(r"(?<=\d) (?=\d)", _between_numbers)
    yield rule(r"(?<=\d) (?=[$¥￥€£]\s?\d)", said("，"))
    yield rule(  # lines of buses
        rf"{BEFORE}\d{{3,4}}(?=路(?![信军軍人纵縱视視监監]))|(?<=[城九新]巴|巴士|小巴)\s?\d{{3}}(?=[A-Z]?[号號])",
        lambda m: by_digit(m[0]),
    )


_TELEPHONE_BEFORE = re.compile(rf"[电電話话]|分[机機]|总机|总機|热线|熱線|客服|[拨撥]|内线|\+|{TAKEN}{{5}}")
_SEEN = 24  # characters before 转802 in which one telephones


def _transferred(match: Match) -> str | None:
    """分机801，转802."""
    before = re.split("[。；!?！？]", match.string[max(match.start() - _SEEN, 0) : match.start()])[-1]
    called = _TELEPHONE_BEFORE.search(before)
    return by_digit(match["at"]) if called else None


def _extensions() -> Iterable[Rule]:
    """Yield the rules of numbers behind a telephone number, and of numbers behind their sign: 转802, 工单#20391."""
    yield rule(
        rf"(?:(?<=\ue000[转轉])|(?<=请[转轉])|(?<=請[转轉]))\s?(?P<at>\d{{1,6}})(?!\d|[.,:/]\d|[%％]|\s?{MEASURE}|\s?[圈遍])",
        lambda m: by_digit(m["at"]),
        "at",
    )
    yield rule(r"(?<![\u4e00-\u9fff])[转轉]\s?(?P<at>\d{3,4})(?=\s?(?:[，。；、,;)）]|$))", _transferred, "at")
    yield rule(
        r"(?:[转轉]\s?(?P<at>\d{1,6})(?=\s?(?:号?分机|號?分機|内线|內線))|(?:分机|分機)[号號]?[是为為:：]?\s?(?P<behind>\d{1,6})(?!\d))",
        lambda m: m[0].replace(m["at"] or m["behind"], by_digit(m["at"] or m["behind"])).replace(":", ""),
    )
    yield rule(r"(?<=第)#(?=\d)|(?<![A-Za-z0-9#])#(?=\d{1,8}[号號])", said(""))
    yield rule(
        r"(?<![A-Za-z0-9#])#(?P<code>\d{1,2})(?=[楼樓栋棟座机機线線车車门門柜桌台])",
        lambda m: f"{cardinal(m['code'])}号",
    )
    yield rule(
        r"(?<![A-Za-z0-9#*])#(?P<code>\d{1,10})(?![\d#A-Za-z]|\s?[*+×÷=]|[^\s#，。]{1,30}#)",
        lambda m: (
            f"{'' if _NUMBERED.search(m.string, max(m.start() - 3, 0), m.start()) else '井号'}{digits(m['code'])}"
        ),
    )


def known(*, cantonese: bool) -> Iterable[Rule]:
    """Yield the rules of numbers that everybody knows: 110, 12306, 996, 985/211, 9·18; of Hong Kong 999, 7-11."""
    yield rule(
        rf"{BEFORE}{_EMERGENCY}{_NO_COUNT}(?:[^\d。！？\n]{{1,8}}{_EMERGENCY}{_NO_COUNT}){{1,5}}",
        lambda m: re.sub(r"\d+", lambda found: by_digit(found[0]), m[0]).replace("/", "、"),
    )
    yield rule(
        rf"(?:{_CALLED}[^\d。！？\n]{{0,4}}|打)(?P<call>{_EMERGENCY}){_NO_COUNT}", lambda m: by_digit(m["call"]), "call"
    )
    yield rule(rf"{BEFORE}{_EMERGENCY}(?=[^\d。，！？\n]{{0,4}}{_CALLED})", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}{_AMOUNT}(?:1008[56]|10010|12123|123\d\d){_NO_COUNT}", lambda m: by_digit(m[0]))
    yield rule(rf"{_ALONE}(?:955\d\d|114){_ENDED}", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}9[56]\d{{3}}(?=[^\d。，！？\n]{{0,3}}{_SERVICE})", lambda m: by_digit(m[0]))
    yield rule(
        rf"{BEFORE}(?:985|211)(?:\s?[、，/和与與或及]\s?(?:985|211)|(?=\s?{_UNIVERSITIES}))",
        lambda m: re.sub(r"\d+", lambda found: by_digit(found[0]), m[0]).replace("/", "、"),
    )
    yield rule(rf"{BEFORE}{_AMOUNT}(?:99[567]|965|618){_NO_COUNT}", lambda m: by_digit(m[0]))
    yield rule(
        r"(?<!\d)(?:985[^\d。！？\n]{1,8}211|211[^\d。！？\n]{1,8}985)(?!\d)",
        lambda m: re.sub(r"\d+", lambda found: by_digit(found[0]), m[0]).replace("/", "、"),
    )
    yield rule(
        r"(?<![\d.])(1[12])[.·]\1(?=大促|购物|狂欢|返场|活动|预售|促销|当天|当日|那天|期间|[前后]夕)",
        lambda m: f"双{cardinal(m[1])}",
    )
    yield rule(
        rf"(?<=[去在喺到逛家间間])7-11(?!\d|[-.]\d|\s?[+×÷=%]|\s?{MEASURE})|{BEFORE}7-11(?=便利|店|超市|隔[籬篱])",
        lambda m: by_digit(m[0]),
    )
    if cantonese:
        yield rule(rf"{BEFORE}(?<!-)7-11{_NO_COUNT}", lambda m: digits(m[0].replace("-", "")))
    yield rule(rf"{BEFORE}(?:58(?=同城|到家)|1(?:63|26|39|88)(?=邮箱|郵箱|网易))", lambda m: digits(m[0]))
    yield rule(
        rf"(?:错误代?码|错误|错误号|报错|状态码|返回码|返回值|錯誤代?碼|錯誤|報錯|狀態碼|HTTP)\s?[为為是:：]?\s?"
        rf"(?P<code>\d{{3,5}}(?:\s?[、/和与與或及]\s?\d{{3,5}}){{0,4}})(?:{_NO_COUNT}|(?=分[别別]))",
        _error_codes,
        "code",
    )
    yield rule(rf"(?<=返回|状态|狀態)\s?(?P<code>[1-5]\d\d){_NO_COUNT}", _error_codes, "code")
    yield rule(r"(?<=[Ii][3579])-\d{4,5}(?![\d.,-])", lambda m: digits(m[0][1:]))  # i7-13700K
    yield rule(r"(?<=[Ri][3579]\ue000)\d{4,5}(?![\d.,])", lambda m: digits(m[0]))  # R9 7950X
    yield rule(rf"(?:{_NAMED_BY_DIGITS})\s(?P<code>\d{{3,4}})(?!\d|[.,:/-]\d)", lambda m: code(m["code"]), "code")
    yield rule(rf"{BEFORE}360(?=公司|安全|卫士|浏览器|杀毒|搜索|软件|手机|借条)", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}(?:520|1314)(?=表白|快乐|情人节|礼物|告白|[，。！!])", lambda m: digits(m[0]))
    yield rule(rf"{BEFORE}(?:6{{3,}}|2{{1,2}}3{{3,}})(?=[，。！!~～]|$)", lambda m: digits(m[0]))
    yield rule(r"(?<![\d·])(?P<day>(?:1[0-2]|[1-9])·(?:[12]\d|3[01]|[1-9]))(?![\d·])", _day)
    yield rule(
        rf"{BEFORE}(?P<day>(?:1[0-2]|[1-9])(?:[./·](?:[12]\d|3[01]|[1-9])|0[1-9]|[12]\d|3[01]))(?={_EVENT})", _day
    )


def rooms_and_codes() -> Iterable[Rule]:
    """Yield the rules of rooms, aircraft and codes of several parts; dates come before them, scores after them."""
    yield rule(rf"{BEFORE}(?P<room>\d{{1,3}}(?:-\d{{1,4}}){{1,2}})(?=\s?{ROOM})", lambda m: code_parts(m["room"]))
    yield rule(
        rf"(?:房间|房号|住|室|单元|号楼|栋|座|门牌|{_HOUSES})(?:[号是为:：]|号[是为])?\s?"
        rf"(?P<room>\d{{1,3}}-\d{{3,4}}){_NO_MORE}",
        lambda m: code_parts(m["room"]),
        "room",
    )
    yield rule(
        rf"(?:单元|單元|号楼|號樓|栋|棟|座|幢)\s?(?P<room>\d{{3,4}})(?!\d|[-.,:/]\d|\s?{MEASURE})",
        lambda m: by_digit(m["room"]),
        "room",
    )
    yield rule(
        r"(?<=[A-Za-z])(?P<room>\d{1,4}-\d{1,4})(?=\s?(?:车位|车库|房|室|栋|座|号|区|柜|铺))",
        lambda m: code_parts(m["room"]),
    )
    yield rule(r"(?<=[图表圖式例])\s?(?P<code>\d{1,2}-\d{1,3})(?![-\d])", lambda m: code_parts(m["code"]), "code")
    yield rule(rf"{BEFORE}(\d{{1,3}})/F(?![A-Za-z/])", lambda m: f"{cardinal(m[1])}楼")
    yield rule(r"(?<=备)\d{6,10}(?=号)", lambda m: by_digit(m[0]))
    yield rule(r"(?<=号)-(?=\d{1,2}(?!\d|[号日-]))", _behind_a_licence)
    yield rule(
        rf"{BEFORE}\d{{3,4}}(?=\s?(?:号?房间?(?![价租]|地产)|室(?!内)|號房|房間))",
        lambda m: by_digit(m[0]),
    )
    # Football: 4-4-2.
    yield rule(rf"{BEFORE}\d(?:-\d){{2,3}}(?=\s?(?:的?阵型|的?陣型|阵|站位))", lambda m: digits(m[0].replace("-", "")))
    yield rule(
        r"(?:阵型|陣型|阵容|排出|摆出)[^\d，。\n]{0,4}(?P<at>\d(?:-\d){2,3})(?!\d|-\d)",
        lambda m: digits(m["at"].replace("-", "")),
        "at",
    )
    yield rule(
        r"(?<=[A-Za-z])(?P<code>(?:-\d{1,8}){2,6})(?![\d-])",
        lambda m: "杠".join(digits(part, telephone=True) for part in m[0][1:].split("-")),
    )
    yield rule(rf"{BEFORE}(?P<code>\d{{1,7}}(?:-\d{{1,7}}){{2,7}}(?:-[xX](?![A-Za-z]))?){_NO_MORE}", _parts)
    yield rule(rf"{_MAKERS}\s?(?P<code>\d{{3,5}}(?:-\d{{1,4}})?)(?!\d)", lambda m: code_parts(m["code"]), "code")
    yield rule(
        rf"{BEFORE}(?P<code>7[0-8]7-\d{{1,3}}(?!\d)|\d{{3}}-\d{{1,3}}{_AIRCRAFT}){_NO_COUNT}",
        lambda m: code_parts(m["code"]),
        "code",
    )
    # Letters and digits with a part behind a hyphen: A320-200.
    yield rule(
        r"(?<=[A-Za-z])(?P<code>\d{2,6}-\d{2,6}|\d-\d{3,6})(?![\d.,]*\d)(?!-)", lambda m: code_parts(m["code"]), "code"
    )


def _version(text: str) -> str:
    first, *others = text.split(".")
    return "点".join([code(first).replace("幺", "一"), *map(digits, others)])


def models() -> Iterable[Rule]:
    """Yield the rules of versions and models; measures come before them."""
    yield rule(r"(?:(?<![\d.])|(?<=[A-Za-z]\.))\d+(?:\.\d+){2,}(?![\d.]*\d)", lambda m: _version(m[0]))
    yield rule(r"(?<![\d.])(\d{1,3})\.(?=[xX](?![A-Za-z0-9]))", lambda m: f"{cardinal(m[1])}点")
    yield rule(  # P45-P48
        r"(?<=([A-Z]))(?P<first>\d{1,4})\s?[-–—~]\s?(?=\1\d{1,4}(?![\dA-Za-z-]))",
        lambda m: f"{cardinal(m['first'])}到",
    )
    yield rule(rf"{BEFORE}\d{{3,4}}(?=[Pp](?![A-Za-z]))", lambda m: digits(m[0]))
    # Models: letters before digits. A380 is digits, X1 and iPhone 15 are quantities.
    yield rule(r"(?<=[A-Za-z]·)(?P<digits>\d{3,6})(?!\d)", lambda m: by_digit(m[0]), "digits")
    yield rule(r"(?<=[A-Za-z])(?P<digits>\d{1,6})(?![\d.,]*\d|%)", lambda m: code(m["digits"]), "digits")
    yield rule(
        rf"(?:[A-Za-z歼运轰直]|{_DESIGNATIONS})(?P<digits>-\d{{1,4}})(?![\d.,]*\d)(?!-)",
        lambda m: code(m["digits"][1:]),
        "digits",
    )

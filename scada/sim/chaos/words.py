"""What was done and seen in a drill with faults, in Chinese: its words are sentences of few kinds."""

import re
from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "ended by its keeper": "已由守护进程结束",
    "fog": "雾",
    "rain": "雨",
    "night": "夜间",
    "bad_signature": "签名错误",
    "signtest": "探测签名",
    "altered": "内容被改",
    "replay": "旧通知重放",
    "wrong_serial": "证书序列号错误",
    "other_amount": "金额不符",
    "other_merchant": "商户不符",
    "other_app": "应用不符",
    "unknown_order": "订单不存在",
    "not_json": "应答不是 JSON",
    "system_error": "系统错误",
    "drop_after": "收到后断开",
    "half_body": "应答只有一半",
    "old_timestamp": "时间戳过旧",
    "rate_limited": "被限流",
    "shown": "已显示",
    "not shown": "未显示",
    "refused": "被拒绝",
    "control room without an answer": "管理页面无应答",
    "made, but it met nothing: no car needed what was spoilt": "已注入，但期间没有车用到它",
}
_SENTENCES: Final = tuple(
    (re.compile(pattern), zh)
    for pattern, zh in (
        (r"its keeper did not end it within (\S+) s", r"守护进程未在 \1 秒内结束它"),
        (r"(\d+) connections left half-open", r"\1 个连接半开"),
        (r"(\d+) connections reset", r"\1 个连接被重置"),
        (r"(\d+) connections cut", r"\1 个连接被切断"),
        (r"(\d+) far end not reached", r"\1 次未连上对端"),
        (r"(\d+) pieces late", r"\1 段数据迟到"),
        (r"(\d+) pieces slow", r"\1 段数据变慢"),
        (r"(\d+) pieces: loses", r"\1 段数据有丢失"),
        (r"(\d+) pieces: doubles", r"\1 段数据重复"),
        (r"(\d+) pieces: alters", r"\1 段数据被改"),
        (r"(\d+) cars", r"\1 辆车"),
        (r"(\d+) payments", r"\1 笔付款"),
        (r"nothing free beside (\d+) MB", r"除已用 \1 MB 外无剩余空间"),
        (r"(\S+) s more for each sync", r"每次落盘多 \1 秒"),
        (r"([+-]\d+) s", r"时钟 \1 秒"),
        (r"(\S+-wal) \+(\d+) bytes", r"\1 末尾多 \2 字节"),
        (r"(.+) is down", r"\1 未运行"),
        (r"(.+): nothing heard from the PLC", r"\1：收不到 PLC 数据"),
        (r"(.+): not held by the server", r"\1：未由服务器掌控"),
        (r"(.+): at fault", r"\1：故障"),
        (r"(.+): no picture", r"\1：无画面"),
    )
)
_FORGED: Final = re.compile(r"(\d+) (\w+): (.+)")
_PAGES: Final = re.compile(r"(\d+) visitors: (.+); (\S+) s for one at most")


def in_chinese(told: str) -> str:
    """Say it in Chinese; what has no words here, such as names and what the site itself says, stays as it is."""
    if told in _WORDS:
        return _WORDS[told]
    for pattern, zh in _SENTENCES:
        if found := pattern.fullmatch(told):
            return found.expand(zh)
    if found := _PAGES.fullmatch(told):
        visitors, pages, longest_s = found.groups()
        counts = "，".join(_pages(one) for one in pages.split(", "))
        return f"{visitors} 位访客：{counts}；最久 {longest_s} 秒"
    if found := _FORGED.fullmatch(told):
        count, manner, answer = found.groups()
        return f"{_WORDS.get(manner, manner)} {count} 次：应答 {answer}"
    return told


def _pages(told: str) -> str:
    count, _, how = told.partition(" pages ")
    return f"{count} 页{_WORDS.get(how, how)}"

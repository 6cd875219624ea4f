"""The acceptance report of a drill with faults: a page in two languages that prints, tables for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from rich.table import Table

from scada.sim.chaos.act import Injected, Outcome
from scada.sim.chaos.words import in_chinese

RULES: Final[Sequence[tuple[int, str, str]]] = (
    (1, "Never lower on a vehicle or a person", "绝不砸车砸人"),
    (
        2,
        "An open command while lowering reverses at once",
        "下落中收到开闸立即回升",
    ),
    (3, "Open only on a live authorisation for the passage that is there", "只凭当前通行的有效授权开闸"),
    (
        4,
        "Payment never opens a gate (seen as rule 3: no opening in another car's name)",
        "付款本身不开闸（按第3条核对）",
    ),
    (5, "One authorisation, one vehicle", "一次授权只放一辆车"),
    (6, "A stay begins and ends on a completed passage", "停车记录只由完整通行开始和结束"),
    (7, "Every rise of the boom has exactly one cause on record", "每次抬杆有且只有一个原因记录"),
    (8, "Commands are numbered, short-lived, never replayed", "命令有编号、短时有效、绝不重放"),
    (9, "Loss of server, network, camera or payment never traps and never lowers", "故障不困车、不落杆"),
    (10, "Money is whole fen, the journal's chain is whole", "账目分文不差，日志链完整"),
)
UNMEASURED: Final = 2
_STYLE: Final = (
    "body{font:14px/1.5 'Noto Sans CJK SC',sans-serif;margin:2em auto;max-width:1000px}"
    "table{border-collapse:collapse;width:100%;margin:1em 0}"
    "td,th{border:1px solid #999;padding:.25em .5em;text-align:left"
    ";vertical-align:top}.bad{font-weight:bold;color:#a00}@media print{body{margin:0;font-size:11px}}"
)


def broken_by_rule(outcome: Outcome) -> Mapping[int, list[str]]:
    """Sort what was broken by its rule; what reports say otherwise than the world belongs to the tenth."""
    found: dict[int, list[str]] = {number: [] for number, _, _ in RULES}
    for one in outcome.broken():
        head = one.partition(":")[0]
        found[int(head) if head.isdecimal() and int(head) in found else 10].append(one)
    return found


def _said(number: int, broken: Sequence[str]) -> str:
    """Say of a rule that it was broken, held, or not looked at: reversal is the PLC's, and no table shows it."""
    if broken:
        return "; ".join(broken)
    return "not measured (the PLC's) · 未测（由 PLC 保证）" if number == UNMEASURED else "held · 成立"


def page(outcome: Outcome, about: Mapping[str, object], made_at: datetime, left: Mapping[str, str]) -> str:
    """Write the report as a page that needs nothing from outside. `left`: what was not injected, and why."""
    return "".join(_page(outcome, about, made_at, left))


def _page(outcome: Outcome, about: Mapping[str, object], made_at: datetime, left: Mapping[str, str]) -> Iterator[str]:
    good = outcome.good and not left
    verdict = "passed · 合格" if good else "NOT PASSED · 不合格"
    yield '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>daozha chaos</title>'
    yield f"<style>{_STYLE}</style>"
    yield "</head><body><h1>故障注入验收报告 · Acceptance report: faults on purpose</h1>"
    yield f'<p class="{"" if good else "bad"}">{verdict}</p>'
    yield _table(("", ""), [("made at · 时间", f"{made_at:%Y-%m-%d %H:%M:%S %Z}"), *about.items(), *_figures(outcome)])
    yield "<h2>故障 · Faults</h2>"
    yield _table(
        (
            "#",
            "故障 · fault",
            "对象 · where",
            "起 · at s",
            "持续 · lasted s",
            "所为 · done",
            "所见 · seen",
            "恢复 · recovered s",
            "限 · limit s",
            "通过 · survived",
        ),
        [_row(number, one) for number, one in enumerate(outcome.faults, 1)],
    )
    yield "<h2>十条不变式 · The ten invariants</h2>"
    found = broken_by_rule(outcome)
    yield _table(
        ("", "不变式 · invariant", "违反 · broken", ""),
        [(number, f"{zh} · {en}", len(found[number]), _said(number, found[number])) for number, en, zh in RULES],
    )
    if left:
        yield "<h2>未注入 · Not injected</h2>" + _table(
            ("故障 · fault", "原因 · why"), [(name, _both([why])) for name, why in left.items()]
        )
    yield "<p>签字 · Signature: ______________________　日期 · Date: ______________</p></body></html>\n"


def _figures(outcome: Outcome) -> list[tuple[str, object]]:
    judged = outcome.judged
    survived = sum(one.survived for one in outcome.faults)
    return [
        ("faults injected / survived · 故障注入/通过", f"{len(outcome.faults)} / {survived}"),
        ("cars invited / in / out · 车辆", f"{outcome.invited} / {outcome.entered} / {outcome.exited}"),
        ("openings / unexplained · 开闸/无因", f"{judged['gate_openings']} / {judged['unexplained_openings']}"),
        (
            "fees / settled / arrears, fen · 应收/已收/欠费（分）",
            f"{judged['fees_fen']} / {judged['settled_fen']} / {judged['arrears_fen']}",
        ),
        ("left to a stocktake · 待盘点", judged["left_to_stocktake"]),
    ]


def _row(number: int, one: Injected) -> tuple[object, ...]:
    recovered = "–" if one.recovered_s is None else f"{one.recovered_s:.1f}"
    words = "yes · 是" if one.survived else "NO · 否"
    name = f"{one.text_zh} · {one.text} ({one.name})"
    return (
        number,
        name,
        one.where,
        one.at_s,
        one.lasted_s,
        _both(one.did),
        _both(one.seen),
        recovered,
        one.limit_s,
        words,
    )


def _both(told: Sequence[str]) -> str:
    """Give words in both languages; such as are names in both stand there once."""
    zh, en = "；".join(in_chinese(one) for one in told), "; ".join(told)
    return en if zh == en else f"{zh} · {en}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    top = "".join(f"<th>{escape(one)}</th>" for one in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(one))}</td>" for one in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def terminal(outcome: Outcome, left: Mapping[str, str]) -> list[Table]:
    """Give the same for a terminal."""
    faults = Table(
        "fault", "where", "lasted s", "done", "recovered s", "limit s", "survived", title="faults on purpose"
    )
    for one in outcome.faults:
        recovered = "–" if one.recovered_s is None else f"{one.recovered_s:.1f}"
        ok = "yes" if one.survived else "[red]NO[/red]"
        faults.add_row(one.name, one.where, f"{one.lasted_s}", "; ".join(one.did), recovered, f"{one.limit_s:g}", ok)
    rules = Table("", "invariant", "broken", title="the ten invariants")
    found = broken_by_rule(outcome)
    for number, text, _ in RULES:
        rules.add_row(f"{number}", text, _said(number, found[number]))
    figures = Table("", "")
    for name, value in [*_figures(outcome), *((f"not injected: {one}", why) for one, why in left.items())]:
        figures.add_row(name, str(value))
    return [faults, rules, figures]

"""What a driver's phone shows after scanning: whom to pay, for what, how much; and then what became of it."""

from collections.abc import Mapping, Sequence
from html import escape

from billing.sim.wechat.books.orders import Order
from scada.model.money import Fen, yuan_text

OUTCOMES = {
    "ok": "支付成功 · Paid",
    "paid": "该订单已支付 · Already paid",
    "closed": "订单已关闭 · Order closed",
    "expired": "订单已过期 · Order expired",
    "unknown": "二维码无效 · Unknown code",
    "failed": "支付失败 · Payment failed",
    "no_money": "余额不足 · Not enough money",
    "other_payer": "请由下单的微信支付 · Another payer's order",
    "cancel": "已取消 · Cancelled",
    "no_referer": "商家参数格式有误 · Not from the merchant's page",
}

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>微信支付（模拟）</title>
<style>
body {{ margin: 0; font: 16px/1.5 system-ui, sans-serif; background: #ededed; color: #191919; }}
main {{ max-width: 22rem; margin: 12vh auto 0; padding: 2rem 1.5rem; background: #fff; border-radius: 8px;
  text-align: center; }}
.amount {{ font-size: 2.6rem; font-weight: 600; margin: .5rem 0 1.5rem; }}
button {{ width: 100%; padding: .8rem; border: 0; border-radius: 6px; background: #07843f;
  color: #fff; font: inherit; }}
small {{ color: #5c5c5c; }}
</style>
</head>
<body data-state="{state}">
<main>{content}<p><small>模拟支付，不产生真实扣款 · Simulated, no money moves</small></p></main>
</body>
</html>
"""


def order_page(order: Order, merchant: str) -> str:
    """Show an order with its pay button."""
    content = (
        f"<p>商户 Merchant {escape(merchant)}</p><p>{escape(order.description)}</p>"
        f'<p class="amount">¥{yuan_text(Fen(order.total))}</p>'
        '<form method="post" action="/phone/pay">'
        f'<input type="hidden" name="code_url" value="{escape(order.code_url)}">'
        '<input type="hidden" name="openid" value="phone"><button>立即支付 · Pay</button></form>'
    )
    return _PAGE.format(state="asking", content=content)


def outcome_page(outcome: str) -> str:
    """Show what became of a payment."""
    return _PAGE.format(state=escape(outcome), content=f"<h1>{escape(OUTCOMES.get(outcome, outcome))}</h1>")


def inbox_page(messages: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """Show what was pushed to a phone, each message leading to its page."""
    shown = "".join(f'<p><a href="{escape(url)}">{escape(" · ".join(data.values()))}</a></p>' for url, data in messages)
    return _PAGE.format(state="inbox", content=f"<h1>服务通知 · Messages</h1>{shown}")

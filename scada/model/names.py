"""Types for the names of things, so that a stay is never mistaken for a passage."""

from typing import NewType

SiteId = NewType("SiteId", str)
LaneName = NewType("LaneName", str)
ZoneName = NewType("ZoneName", str)
"""A part of the car park that counts its own cars."""
PassageId = NewType("PassageId", str)
StayId = NewType("StayId", str)
QuoteId = NewType("QuoteId", str)
OrderId = NewType("OrderId", str)
"""Our `out_trade_no`: 6 to 32 of 0-9A-Za-z (`wechatpay.md` §11)."""
DemandId = NewType("DemandId", str)
"""A demand that no stay's quote makes: a month card, old debts, a merchant's top-up."""
MerchantId = NewType("MerchantId", str)
VoucherId = NewType("VoucherId", str)
BookingId = NewType("BookingId", str)
"""A visitor whom a host has announced."""
RequestId = NewType("RequestId", str)
CaseId = NewType("CaseId", str)
PictureId = NewType("PictureId", str)
"""A picture kept as evidence: its file name inside the pictures folder, without the folder."""

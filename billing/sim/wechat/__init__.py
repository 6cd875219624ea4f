"""A WeChat Pay v3 that signs, takes payments, encrypts and notifies like the real one.

It has its own signing code and never uses wechatpayv3, so that one mistake cannot cancel out another.
"""

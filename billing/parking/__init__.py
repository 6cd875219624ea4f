"""Pay-score parking (微信支付分停车): entries told to WeChat, fees that it deducts, and what becomes of both."""

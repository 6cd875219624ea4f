"""The platform's doors: the merchant's API, drivers' phones, sign-in by WeChat, and the switches of tests."""

"""The platform's books: orders, refunds, bills, pay-score parking and what phones hold."""

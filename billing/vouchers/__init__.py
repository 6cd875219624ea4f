"""What shops, cinemas and wards give their visitors: merchants, their vouchers, and what these let off."""

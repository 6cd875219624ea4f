"""The files people keep tag maps in: ours as text or workbook, and those of Kepware and Telegraf."""

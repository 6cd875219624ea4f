"""Time-series servers for tests: the real InfluxDB 1.6 and VictoriaMetrics, and a fake of InfluxDB 2.7 and 3."""

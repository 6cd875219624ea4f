"""History on a server: InfluxDB 1.x to 3 or VictoriaMetrics, fed from the durable queue."""

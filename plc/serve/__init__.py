"""What other systems may read: our OPC UA and Modbus TCP servers, a process beside the plant (`docs/serving.md`)."""

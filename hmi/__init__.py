"""What people see: the control room, the drivers' pages and the lanes' displays, each a process of its own."""

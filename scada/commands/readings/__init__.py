"""What the plant reads of its disks for a control room elsewhere, in a process of its own: no lane waits for it."""

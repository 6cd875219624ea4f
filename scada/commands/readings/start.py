"""Starts the process that reads one history: it lives for seconds, and never looks for cycles among its objects."""

import gc
from importlib import import_module

if __name__ == "__main__":
    gc.disable()
    import_module("scada.commands.readings.child").main()

"""The office's terminal of a trial site: commands of `daozha`, each in a process of its own."""

import asyncio
import sys
from pathlib import Path


async def command(config: Path, *words: str) -> int:
    """Give one command of `daozha` for the site of this configuration; gives its exit code."""
    whole = (sys.executable, "-m", "scada", *words, "--config", str(config))
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*whole, stdin=quiet, stdout=quiet)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()

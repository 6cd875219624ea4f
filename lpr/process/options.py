"""What FFmpeg is told by a process's environment."""


def ffmpeg_options(transport: str) -> str:
    """Write OPENCV_FFMPEG_CAPTURE_OPTIONS, which must stand in the environment before the first capture is made.

    Over UDP a packet may be lost: the frame it belongs to is dropped rather than patched up with the one before.
    Without the last word FFmpeg waits for 20 frames to guess the rate: a camera of 8 frames/s took 3.8 s (measured).
    """
    return f"rtsp_transport;{transport}|fflags;nobuffer+discardcorrupt|flags;low_delay|fpsprobesize;0"

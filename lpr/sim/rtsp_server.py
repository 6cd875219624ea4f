"""The RTSP server of the simulated cameras, for the system's Python: that one has GStreamer's bindings, ours has not.

`python3 rtsp_server.py --port PORT --codec h264|mjpeg --rate FRAMES CAMERA...`, started by `lpr.sim.rtsp`. It takes
frames on standard input (`CAMERA LENGTH` and a line end, then a JPEG), says `READY`, `WATCHED CAMERA` and
`LEFT CAMERA` on standard output, and ends when its input ends: it never outlives who started it. `--check` says by
its exit code whether all that it takes is installed.
"""

import argparse
import signal
import sys
import threading
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - only after the versions are said

_MOST_BYTES = 32 << 20
_INTO_APPSRC = (
    "( appsrc name=frames is-live=true format=time do-timestamp=true block=false max-buffers=3 leaky-type=downstream "
    "caps=image/jpeg,framerate={rate}/1 ! jpegdec ! "
)
_PIPELINES = {
    "h264": "videoconvert ! {encoder} ! rtph264pay name=pay0 pt=96 config-interval=-1 )",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26 )",
}
_H264_ENCODERS = (
    ("x264enc", "x264enc tune=zerolatency speed-preset=ultrafast threads=1 bitrate=4000 key-int-max={rate}"),
    ("openh264enc", "openh264enc bitrate=4000000 gop-size={rate}"),
)


class Cameras:
    """Which cameras somebody watches, and the way their frames go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[str, Any] = {}

    def watch(self, camera: str, media: Any) -> None:  # noqa: ANN401 - the bindings carry no types
        """Take frames for a stream that begins, until it ends."""
        source = media.get_element().get_by_name("frames")
        with self._lock:
            self._watched[camera] = source
        media.connect("unprepared", lambda _: self._leave(camera, source))
        _say(f"WATCHED {camera}")

    def _leave(self, camera: str, source: object) -> None:
        with self._lock:
            if self._watched.get(camera) is not source:
                return
            del self._watched[camera]
        _say(f"LEFT {camera}")

    def show(self, camera: str, jpeg: bytes) -> None:
        """Hand a frame to whoever watches the camera.

        Before the stream's own time has begun GStreamer would stamp a frame with the machine's uptime, and the stream
        would hold it, and all after it, back for as long.
        """
        with self._lock:
            source = self._watched.get(camera)
        if source is not None and source.get_base_time() > 0:
            source.emit("push-buffer", Gst.Buffer.new_wrapped(jpeg))

    def read(self, loop: Any) -> None:  # noqa: ANN401
        """Take frames from standard input until it ends."""
        try:
            while head := sys.stdin.buffer.readline():
                camera, length = head.decode().split()
                if not 0 < int(length) <= _MOST_BYTES:
                    break
                self.show(camera, sys.stdin.buffer.read(int(length)))
        finally:
            GLib.idle_add(loop.quit)  # a loop that does not run yet would not hear it


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _pipeline(codec: str, rate: int) -> str:
    """Give the way from JPEG frames to RTP packets. Raises LookupError if no encoder is installed."""
    found = [words for name, words in _H264_ENCODERS if Gst.ElementFactory.find(name)]
    if codec == "h264" and not found:
        raise LookupError("GStreamer has no encoder for H.264: install Debian's gstreamer1.0-plugins-ugly")
    text = _INTO_APPSRC + _PIPELINES[codec].replace("{encoder}", found[0] if found else "")
    return text.replace("{rate}", str(rate))


def _server(port: int, names: list[str], pipeline: str, cameras: Cameras) -> Any:  # noqa: ANN401
    """Build the server, one way a camera; all viewers of a camera share one encoder."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    for name in names:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(pipeline)
        factory.set_shared(True)
        factory.connect("media-configure", lambda _, media, name=name: cameras.watch(name, media))
        server.get_mount_points().add_factory(f"/{name}", factory)
    return server


def main() -> int:
    """0 once the input has ended, 2 if it cannot serve."""
    parser = argparse.ArgumentParser(description="RTSP server of the simulated cameras.")
    parser.add_argument("--port", type=int, default=8554)
    parser.add_argument("--codec", choices=sorted(_PIPELINES), default="h264")
    parser.add_argument("--rate", type=int, default=8)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("cameras", nargs="*")
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Gst.init(None)
    try:
        pipeline = _pipeline(asked.codec, asked.rate)
        Gst.parse_launch(pipeline.strip("( )"))
    except (LookupError, GLib.Error) as error:
        sys.stderr.write(f"rtsp_server: {error}\n")
        return 2
    if asked.check:
        return 0
    cameras, loop = Cameras(), GLib.MainLoop()
    server = _server(asked.port, asked.cameras, pipeline, cameras)
    if server.attach(None) == 0:
        sys.stderr.write(f"rtsp_server: port {asked.port} is taken\n")
        return 2
    GLib.timeout_add_seconds(2, lambda: server.get_session_pool().cleanup() >= 0)
    threading.Thread(target=cameras.read, args=(loop,), name="frames", daemon=True).start()
    _say("READY")
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One way to open a WebSocket with either form of the `websockets` package: Debian 12 has the older, Debian 13 the newer."""

try:
    from websockets.asyncio.client import connect as newer
except ImportError:
    newer = None
    import websockets


def connect(url, headers, open_timeout):
    options = {"subprotocols": ["chattifier.v1"], "open_timeout": open_timeout, "close_timeout": 1, "ping_interval": None, "max_size": None}
    if newer:
        return newer(url, additional_headers=headers, proxy=None, **options)
    return websockets.connect(url, extra_headers=headers, **options)

"""The one address the sandbox is at: this machine's own, which no other machine can reach.

Nothing sets it from outside, on purpose: the sandbox's secrets are public and its data may be real.
"""

import socket

HOST = "127.0.0.1"
_BACKLOG = 512


def listen(port: int) -> socket.socket:
    """Open the port, 0 for a free one; raises OSError when it is taken."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Give the base URL, without a final slash."""
    return f"http://{HOST}:{listener.getsockname()[1]}"

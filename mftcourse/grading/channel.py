"""Messages between processes, of which one may be hostile: whole, of limited size, and with a deadline."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time

MESSAGE_BYTES = 100_000_000


class Channel:
    """One end of a socket that carries messages: eight bytes of length, and then the message."""

    def __init__(self, end: socket.socket) -> None:
        self.socket, self._lock = end, threading.Lock()

    @classmethod
    def pair(cls) -> tuple[Channel, socket.socket]:
        """Return this side's channel, and the socket for the other side."""
        mine, theirs = socket.socketpair()
        if hasattr(socket, "SO_PASSCRED"):  # see `peer`
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        return cls(mine), theirs

    def send(self, data: bytes, *descriptors: int, seconds: float | None = None) -> None:
        """Send a message, and descriptors with it.

        Raises:
            TimeoutError: the other side does not take it within `seconds`.
            OSError: the other side is gone.
        """
        self.socket.settimeout(seconds)
        head = struct.pack(">Q", len(data))
        if len(data) < 4096:  # all at once, so that the other side wakes up once
            head, data = head + data, b""
        sent = socket.send_fds(self.socket, [head], descriptors) if descriptors else self.socket.send(head)
        if data or sent < len(head):
            self.socket.sendall(head[sent:] + data)

    def lend(self, message: bytes, seconds: float | None = None) -> Channel:
        """Send a message, and with it a new socket; return the channel to whoever gets that."""
        mine, theirs = Channel.pair()
        with theirs, self._lock:  # two messages at once would be none
            self.send(message, theirs.fileno(), seconds=seconds)
        return mine

    def lives(self) -> bool:
        """Whether the other side, which says nothing unasked, has not ended."""
        with self._lock, contextlib.suppress(ValueError):  # closed here
            return not select.select([self.socket], [], [], 0)[0]
        return False

    def answers(self, seconds: float) -> None:
        """Raise OSError or EOFError where the other side gives no sign of life; see `inside.fork_for_each`."""
        with self._lock:
            self.send(b"0")
            self.receive(seconds)

    def receive(
        self, seconds: float | None = None, descriptors: int = 0, most: int = MESSAGE_BYTES
    ) -> tuple[bytes, list[int]]:
        """Receive a message, and up to so many descriptors; others that come are closed.

        Raises:
            TimeoutError: it is not whole within `seconds`.
            EOFError: the other side is gone, or says more than `most` bytes at once.
        """
        end = None if seconds is None else time.monotonic() + seconds
        found: list[int] = []
        head = b""
        if descriptors:
            self._wait(end)
            head, found, _, _ = socket.recv_fds(self.socket, 8, descriptors)
        (length,) = struct.unpack(">Q", self._exactly(8 - len(head), end, head))
        if length > most:
            raise EOFError("a message that is too long")
        return self._exactly(length, end), found

    def _exactly(self, count: int, end: float | None, head: bytes = b"") -> bytes:
        parts = [head]
        while count:
            self._wait(end)
            part = self.socket.recv(min(count, 1 << 20))
            if not part:
                raise EOFError("the other side is gone")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, end: float | None) -> None:
        if end is not None and end <= time.monotonic():
            raise TimeoutError
        self.socket.settimeout(None if end is None else end - time.monotonic())

    def peer(self) -> int:
        """Return the process, as this side numbers it, that sends the next message; the kernel's word, not its own.

        Where a kernel says nothing (and fences nothing in), it is the number in the message.
        """
        head, about, _, _ = self.socket.recvmsg(8, socket.CMSG_SPACE(12))
        if len(head) < 8:
            raise EOFError("the other side is gone")
        said = self._exactly(struct.unpack(">Q", head)[0], None)
        return struct.unpack("iii", about[0][2])[0] if about else int(said)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.close()

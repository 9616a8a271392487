"""Connections to public addresses only: what a stranger's link may make this machine talk to.

A name is resolved here and the connection goes to the very address that was checked, so that a name that answers
differently a moment later (DNS rebinding) gains nothing. Host header and TLS still carry the name.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore

from lakehouse.errors import TranscriptError

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Deadline:
    """A point in time, `time.monotonic()`, at which everything has to be over."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self, at_most: float | None = None) -> float:
        """Seconds until the deadline, or `at_most` if that is less.

        Raises
        ------
        TranscriptError
            There are none left.
        """
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise TranscriptError("It took too long; DOWNLOAD_SECONDS is the time that a file may take.")
        return seconds if at_most is None else min(seconds, at_most)


class PublicNetwork(httpcore.NetworkBackend):
    """Connects to public addresses, and to the private hosts that were permitted, until a deadline.

    Parameters
    ----------
    private_hosts : collection of str
        `host:port` as in the link; these are connected to wherever they lie.
    """

    def __init__(self, private_hosts: Collection[str], deadline: Deadline) -> None:
        self._private_hosts = private_hosts
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers, after all of them were checked.

        Raises
        ------
        TranscriptError
            The name is unknown, or one of its addresses is not public.
        """
        addresses = _resolved(host, port)
        if f"{host}:{port}" not in self._private_hosts:
            for address in addresses:
                _refuse_private(host, port, address)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, self._deadline.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _UntilDeadline(stream, self._deadline)
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: no link leads to a socket of this machine."""
        raise TranscriptError("Sockets of this machine are not downloaded from.")


class _UntilDeadline(httpcore.NetworkStream):
    """A stream whose every step has to end before the deadline: one byte a second does not keep it open."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._stream.read(max_bytes, self._deadline.left(timeout))
        except httpcore.ReadTimeout:
            self._deadline.left()  # where the deadline is what ended it, that is the reason
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _UntilDeadline(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def is_public(address: Address) -> bool:
    """Whether an address lies in the public internet, looking through addresses that carry another one inside.

    Examples
    --------
    >>> [is_public(ip_address(text)) for text in ("8.8.8.8", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::808:808")]
    [True, False, False, True]
    """
    if isinstance(address, IPv6Address):
        if inside := _inside(address):
            return is_public(inside)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a mapped, 6to4 or NAT64 address leads to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _resolved(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise TranscriptError(f"The host {host} is not known.") from None
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


def _refuse_private(host: str, port: int, address: Address) -> None:
    if not is_public(address):
        raise TranscriptError(
            f"{host} lies at {address}, which is not in the public internet. If it is yours, name {host}:{port} in "
            "DOWNLOAD_PRIVATE_HOSTS."
        )

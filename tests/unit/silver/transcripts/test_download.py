"""Downloads from a server that answers as the worst hosts do, and connections that must not be made."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.errors import TranscriptError
from silver.transcripts.addresses import is_public
from silver.transcripts.download import Limits, downloaded
from tests.unit.silver.transcripts.faulty import VTT


def fetch(url, *hosts, max_bytes=1_000_000, seconds=5.0):
    with downloaded(url, Limits(("text/", "application/json"), max_bytes, seconds, hosts)) as came:
        return came.file.read(), came.content_type


@pytest.mark.parametrize(
    ("path", "content_type"), [("/good.vtt", "text/vtt"), ("/untyped.vtt", ""), ("/zipped.vtt", "text/vtt")]
)
def test_a_file_comes_as_it_is(server, path, content_type):
    assert fetch(server.url(path), server.host) == (VTT, content_type)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/empty", r"empty \(0 bytes\)"),
        ("/endless", "more than 1,000,000 bytes"),
        ("/large", "more than 1,000,000 bytes"),
        ("/drip", "took too long"),
        ("/headers", "took too long"),
        ("/cut", "without sending complete message body"),
        ("/image", "It is image/gif, not text/"),
        ("/bomb", "compressed in a way"),
        ("/gone", "answered 404"),
        ("/nonsense", "did not answer as HTTP asks"),
        ("/to/ftp://example.org/x", "Only http and https"),
        ("/to/file:///etc/passwd", "Only http and https"),
        ("/to/http://[", "HTTP|downloaded"),
    ],
)
def test_a_fault_of_the_server_ends_with_its_reason_and_in_time(server, path, reason):
    started = time.monotonic()

    with pytest.raises(TranscriptError, match=reason):
        fetch(server.url(path), server.host, seconds=0.7)

    assert time.monotonic() - started < 10


def test_redirects_are_followed_and_endless_ones_are_not(server):
    assert fetch(server.url("/to//good.vtt"), server.host)[0] == VTT

    with pytest.raises(TranscriptError, match="redirected more than 5 times"):
        fetch(server.url("/to/" + "/to/" * 8), server.host)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/",
        "http://localhost:{port}/good.vtt",
        "http://127.1:{port}/good.vtt",
        "http://2130706433:{port}/good.vtt",
        "http://0x7f000001:{port}/good.vtt",
        "http://0.0.0.0:{port}/good.vtt",
        "http://[::1]:{port}/good.vtt",
        "http://[::ffff:127.0.0.1]:{port}/good.vtt",
        "http://10.0.0.1/",
    ],
)
def test_a_redirect_into_the_own_network_is_refused_before_anything_is_asked_there(server, target):
    target = target.format(port=server.server_port)

    with pytest.raises(TranscriptError, match=r"not in the public internet|is not known"):
        fetch(server.url(f"/to/{target}"), server.host)

    assert len(server.asked) == 1


def test_the_own_network_is_refused_unless_host_and_port_are_named(server):
    with pytest.raises(TranscriptError, match=rf"name {server.host} in DOWNLOAD_PRIVATE_HOSTS"):
        fetch(server.url("/good.vtt"), "127.0.0.1:1")

    assert server.asked == []


def test_a_dead_link_says_who_did_not_answer(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(TranscriptError, match=rf"http://{host}/x could not be downloaded: .*refused"):
        fetch(f"http://{host}/x?token=secret", host)
    with pytest.raises(TranscriptError, match=r"The host no-such-host\.invalid is not known"):
        fetch("http://no-such-host.invalid/")


def answers_of(monkeypatch, name, *answers):
    """Let a name have one answer after the other; numeric addresses are themselves."""
    real, left = socket.getaddrinfo, list(answers)

    def getaddrinfo(host, port, *arguments, **options):
        if host != name:
            return real(host, port, *arguments, **options)
        return [entry for address in left.pop(0) for entry in real(address, port, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return left


def test_a_name_is_asked_for_once_and_the_connection_goes_to_that_answer(server, monkeypatch):
    left = answers_of(monkeypatch, "pod.example", ["127.0.0.1"], ["192.0.2.1"])
    host = f"pod.example:{server.server_port}"

    assert fetch(f"http://{host}/good.vtt", host)[0] == VTT
    assert len(left) == 1
    assert server.asked == [(host, "/good.vtt")]


def test_one_private_address_among_public_ones_is_enough_to_refuse(server, monkeypatch):
    answers_of(monkeypatch, "pod.example", ["8.8.8.8", "127.0.0.1"])

    with pytest.raises(TranscriptError, match=r"pod.example lies at 127\.0\.0\.1"):
        fetch(f"http://pod.example:{server.server_port}/good.vtt")


def test_tls_names_the_host_although_the_connection_goes_to_an_address(monkeypatch):
    answers_of(monkeypatch, "pod.example", ["127.0.0.1"])
    greetings = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept():
            connection, _ = listening.accept()
            with connection:
                greetings.append(connection.recv(4_096))

        thread = threading.Thread(target=accept)
        thread.start()
        host = f"pod.example:{listening.getsockname()[1]}"
        with pytest.raises(TranscriptError):
            fetch(f"https://{host}/", host)
        thread.join(timeout=5)

    assert b"pod.example" in greetings[0]


def test_proxies_of_the_environment_are_not_used(server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert fetch(server.url("/good.vtt"), server.host)[0] == VTT


def test_nothing_is_left_on_the_disk_however_it_ends(server, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = Limits(("text/",), 1_000_000, 5, (server.host,))
    with downloaded(server.url("/good.vtt"), limits) as came:
        # The file has no name from the start, so that not even a kill leaves it.
        assert came.file.read() == VTT
        assert os.listdir(tmp_path) == []  # noqa: PTH208
    with pytest.raises(TranscriptError):
        fetch(server.url("/endless"), server.host)
    with pytest.raises(KeyboardInterrupt), downloaded(server.url("/good.vtt"), limits):
        raise KeyboardInterrupt

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("2002:808:808::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::808:808", False),
        ("2002:7f00:1::", False),
        ("2002:a9fe:a9fe::1", False),
        ("2001:0:808:808::1", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
    ],
)
def test_only_addresses_of_the_public_internet_are_public(address, public):
    assert is_public(ip_address(address)) is public


@given(st.ip_addresses(v=4))
def test_an_address_within_another_one_is_judged_like_itself(address):
    for carrying in (
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        f"2002:{int(address) >> 16:x}:{int(address) & 65535:x}::",
    ):
        assert is_public(ip_address(carrying)) is is_public(address)

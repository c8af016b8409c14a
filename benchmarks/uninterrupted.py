#!/usr/bin/env python3
"""Reload, upgrade and restart under load: no request may fail, and no connection may wait for more than two seconds.

    python3 benchmarks/uninterrupted.py BINARY [ROUNDS]

This script stands in for systemd: it holds the listening sockets, starts the binary with them (LISTEN_FDS), and restarts the binary when that has
ended. Meanwhile an origin of its own serves files, wrk keeps 32 connections busy, one client after the other opens a new connection and is
timed, and a slow client reads a file of 40 MiB at 6 MiB/s across every change. Each of ROUNDS (3) is a reload, an upgrade and a restart. Needs wrk. Everything listens on 127.0.0.1. Ends with code 1 when a promise is broken; prints a table.
"""
import http.client
import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

SMALL = 16 << 10
LARGE = 40 << 20
RATE = 6 << 20
LONGEST_WAIT = 2.0
PATTERN = bytes(range(251)) * ((LARGE // 251) + 1)


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        size = LARGE if self.path.startswith("/large") else SMALL
        start, end = 0, size - 1
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted:
            start, end = int(wanted[1]), min(end, int(wanted[2] or end))
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.send_header("Content-Length", str(end - start + 1))
        self.send_header("ETag", '"1"')
        self.send_header("Cache-Control", "max-age=3600")
        self.end_headers()
        self.wfile.write(PATTERN[start:end + 1])

    def log_message(self, *_):
        pass


class Service:
    """What systemd is to a socket-activated service."""

    def __init__(self, binary, directory):
        self.binary = binary
        self.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
        threading.Thread(target=self.origin.serve_forever, daemon=True).start()
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=4096) for _ in range(2)]
        self.port, self.metrics_port = (held.getsockname()[1] for held in self.sockets)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify_path = os.path.join(directory, "notify")
        self.notify.bind(self.notify_path)
        self.configuration = os.path.join(directory, "pingora_slice.yaml")
        with open(self.configuration, "w") as file:
            file.write(f"upstream_address: 127.0.0.1:{self.origin.server_port}\nlisten_address: 127.0.0.1:{self.port}\n"
                       f"metrics_endpoint:\n  address: 127.0.0.1:{self.metrics_port}\n")
        self.log = open(os.path.join(directory, "log"), "wb")
        self.pid = None

    def start(self):
        pid = os.fork()
        if pid == 0:
            # The numbers that the convention wants may be in use by what is moved there.
            high = [os.dup2(held.fileno(), 100 + index, inheritable=False) for index, held in enumerate(self.sockets)]
            for index, number in enumerate(high):
                os.dup2(number, 3 + index, inheritable=True)
            os.dup2(self.log.fileno(), 2)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", NOTIFY_SOCKET=self.notify_path)
            os.execv(self.binary, [self.binary, self.configuration])
        self.pid = pid
        self.until("READY=1")

    def until(self, word):
        self.notify.settimeout(40)
        while True:
            told = self.notify.recv(4096).decode()
            if told.startswith("MAINPID="):
                self.pid = int(told[8:])
            if told == word or told.startswith(word):
                return

    def ended(self, pid):
        # One that was started by another process is nobody's child here.
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    return os.waitstatus_to_exitcode(status)
            except ChildProcessError:
                if not os.path.exists(f"/proc/{pid}"):
                    return 0
            time.sleep(0.01)
        raise TimeoutError(f"process {pid} does not end")

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)
        self.until("READY=1")

    def upgrade(self):
        old = self.pid
        os.kill(old, signal.SIGUSR2)
        self.until("MAINPID=")
        self.until("READY=1")
        code = self.ended(old)
        assert code == 0, f"the old process ended with {code}"

    def restart(self):
        old = self.pid
        os.kill(old, signal.SIGTERM)
        code = self.ended(old)
        assert code == 0, f"the old process ended with {code}"
        self.start()


class Clients:
    """New connections one after the other, each timed; and slow downloads."""

    def __init__(self, port):
        self.port, self.stop = port, threading.Event()
        self.waits, self.failures, self.took = [], [], 0.0
        self.threads = [threading.Thread(target=self.connect), threading.Thread(target=self.download)]
        for thread in self.threads:
            thread.start()

    def connect(self):
        while not self.stop.wait(0.005):
            begun = time.monotonic()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
                connection.request("GET", "/small", headers={"Connection": "close"})
                response = connection.getresponse()
                body = response.read()
                if response.status != 200 or body != PATTERN[:SMALL]:
                    self.failures.append(f"new connection: {response.status}, {len(body)} bytes")
            except OSError as error:
                self.failures.append(f"new connection: {error!r}")
            self.waits.append(time.monotonic() - begun)

    def download(self):
        try:
            # Small before connecting, so that the kernel does not take the download from the process ahead of the client.
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            connection.sock = socket.socket()
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            connection.sock.settimeout(40)
            connection.sock.connect(("127.0.0.1", self.port))
            connection.request("GET", "/large")
            response, body, begun = connection.getresponse(), bytearray(), time.monotonic()
            while piece := response.read(64 << 10):
                body += piece
                time.sleep(max(0, begun + (len(body) / RATE) - time.monotonic()))
            if response.status != 200 or body != PATTERN[:LARGE]:
                self.failures.append(f"slow download: {response.status}, {len(body)} bytes")
            self.took = time.monotonic() - begun
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"slow download: {error!r}")

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def under_load(service, change):
    clients = Clients(service.port)
    load = subprocess.Popen(
        ["wrk", "-t1", "-c32", "-d14s", "--timeout", "30s", "--latency", f"http://127.0.0.1:{service.port}/small"],
        stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    begun = time.monotonic()
    change()
    took = time.monotonic() - begun
    report = load.communicate()[0]
    clients.end()
    requests = int(re.search(r"(\d+) requests in", report)[1])
    errors = re.search(r"Socket errors: (.*)", report)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    failures = clients.failures + ([f"wrk: {errors[1]}"] if errors else []) + ([f"wrk: {bad[0]}"] if bad else [])
    return requests, len(clients.waits), clients.took, max(clients.waits), took, failures


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    broken = False
    with tempfile.TemporaryDirectory(prefix="pingora-slice-uninterrupted.") as directory:
        service = Service(os.path.realpath(sys.argv[1]), directory)
        service.start()
        print("| change | took, s | requests of wrk | new connections | slow download, s | longest wait of a new connection, s | failed |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        try:
            for _ in range(rounds):
                for name in ("reload", "upgrade", "restart"):
                    requests, connections, download, longest, took, failures = under_load(service, getattr(service, name))
                    print(f"| {name} | {took:.1f} | {requests} | {connections} | {download:.1f} | {longest:.2f} | {len(failures)} |", flush=True)
                    for failure in failures[:5]:
                        print("  " + failure, file=sys.stderr)
                    broken |= bool(failures) or longest > LONGEST_WAIT
        finally:
            os.kill(service.pid, signal.SIGTERM)
            service.ended(service.pid)
            if broken:
                with open(service.log.name) as log:
                    sys.stderr.write(log.read()[-4000:])
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()

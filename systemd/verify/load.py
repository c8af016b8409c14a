"""Clients that ask for files until SIGTERM and compare every byte with the files themselves.

load.py HOST:PORT DIRECTORY [--fresh N] [--kept N] [--slow N]

--fresh clients open a connection for each request, --kept clients reuse theirs, both for small*; --slow clients read large* at 4 MB/s.
A request has failed when its connection, its status or its length is wrong. Two things are no failures, as HTTP leaves them to clients and
they all do so: a connection that was idle may have been closed by the time of the next request, which is sent again (RFC 9112 section 9.3.1),
and a large download that is cut is continued by Range and If-Range. Both are counted. The report goes to standard output at the end.
"""
import argparse
import os
import random
import signal
import socket
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("server")
parser.add_argument("directory")
for kind, default in (("fresh", 4), ("kept", 4), ("slow", 0)):
    parser.add_argument("--" + kind, type=int, default=default)
options = parser.parse_args()
host, port = options.server.split(":")

files = {name: open(os.path.join(options.directory, name), "rb").read() for name in os.listdir(options.directory)}
small = sorted(name for name in files if name.startswith("small"))
large = sorted(name for name in files if name.startswith("large"))
over = threading.Event()
lock = threading.Lock()
counts = {"requests": 0, "failed": 0, "wrong": 0, "sent_again": 0, "continued": 0}
slowest = 0.0
stories = []


def count(name, story=None):
    with lock:
        counts[name] += 1
        if story is not None and len(stories) < 10:
            stories.append(f"{time.strftime('%H:%M:%S')} {name}: {story}")


def waited(seconds):
    global slowest
    with lock:
        slowest = max(slowest, seconds)
        if seconds > 2 and len(stories) < 10:
            stories.append(f"{time.strftime('%H:%M:%S')} waited {seconds:.3f} s")


class Closed(Exception):
    """The server closed before the first byte of an answer."""


class Connection:
    def __init__(self):
        self.begun = time.monotonic()
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.kept = False

    def ask(self, name, fields=""):
        """Sends a request; returns status, fields and what has come of the body."""
        try:
            self.socket.sendall(f"GET /downloads/{name} HTTP/1.1\r\nHost: cdn.example.com\r\n{fields}\r\n".encode())
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Closed(str(error)) from None
        if not data:
            raise Closed("end of stream")
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(65536)
            if not more:
                raise OSError("cut within the head")
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        found = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines[1:]}
        return int(lines[0].split()[1]), found, body


def ask_small(connection, name):
    """True when the connection can be used again."""
    status, fields, body = connection.ask(name)
    if not connection.kept:
        waited(time.monotonic() - connection.begun)
    length = int(fields.get("content-length", -1))
    parts = [body]
    got = len(body)
    while got < length:
        data = connection.socket.recv(65536)
        if not data:
            raise OSError(f"cut after {got} of {length} bytes")
        parts.append(data)
        got += len(data)
    if status != 200:
        raise OSError(f"status {status}")
    count("requests")
    if b"".join(parts) != files[name]:
        count("wrong", name)
    connection.kept = True
    return fields.get("connection", "").lower() != "close"


def run_small(keep):
    connection = None
    while not over.is_set():
        name = random.choice(small)
        try:
            if connection is None:
                connection = Connection()
            usable = ask_small(connection, name)
        except Closed as error:
            if connection.kept:
                count("sent_again")
            else:
                count("failed", f"{name}: closed before an answer: {error}")
            usable = False
        except OSError as error:
            count("failed", f"{name}: {error}")
            usable = False
        if connection is not None and not (keep and usable):
            connection.socket.close()
            connection = None


def run_slow(index):
    while not over.is_set():
        name = large[index % len(large)]
        index += 1
        got = 0
        tag = None
        tries = 0
        while got < len(files[name]):
            try:
                fields = f"Range: bytes={got}-\r\nIf-Range: {tag}\r\n" if got else ""
                connection = Connection()
                status, found, data = connection.ask(name, fields)
                waited(time.monotonic() - connection.begun)
                if status != (206 if got else 200):
                    raise OSError(f"status {status} at {got}")
                tag = found.get("etag")
                begun, first = time.monotonic(), got
                while data:
                    if files[name][got:got + len(data)] != data:
                        count("wrong", f"{name} at {got}")
                    got += len(data)
                    if got == len(files[name]):
                        break
                    if over.is_set():
                        return
                    over.wait(max(0.0, (got - first) / 4e6 - (time.monotonic() - begun)))
                    data = connection.socket.recv(65536)
                connection.socket.close()
            except (OSError, Closed) as error:
                if got == 0 or tries == 5:
                    count("failed", f"{name} at {got}: {error}")
                    break
            if got < len(files[name]):
                count("continued")
                tries += 1
        else:
            count("requests")


threads = [threading.Thread(target=run_small, args=(False,)) for _ in range(options.fresh)]
threads += [threading.Thread(target=run_small, args=(True,)) for _ in range(options.kept)]
threads += [threading.Thread(target=run_slow, args=(index,)) for index in range(options.slow)]
signal.signal(signal.SIGTERM, lambda *_: over.set())
for thread in threads:
    thread.start()
over.wait()
for thread in threads:
    thread.join()
print(*(f"{key} {value}" for key, value in counts.items()), f"slowest {slowest:.3f} s", sep=", ")
print("\n".join(stories), end="\n" if stories else "")

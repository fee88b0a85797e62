"""Loads one server that runs with a file of pxebuild's, on a network of its own, and prints as JSON how many clients got
the whole file, and in how many seconds. usage: unshare --net --mount load.py SERVER FILE TREE NAME"""

import json
import selectors
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

ADDRESS = "10.0.0.200"
TFTP_CLIENTS = 200
HTTP_REQUESTS = 2000
HTTP_CLIENTS = 200


class TFTPClient:
    """Reads a file once (RFC 1350, RFC 2348), as a machine that boots does: what gets lost it asks for again."""

    BLOCK = 1428
    PATIENCE = 1.0

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.place = (ADDRESS, 69)
        self.content = bytearray()
        self.block = 0
        words = [name, "octet", "blksize", str(self.BLOCK)]
        self.packet = b"\0\1" + b"".join(word.encode() + b"\0" for word in words)
        self.is_whole = False
        self.send()

    def send(self):
        """Sends the last packet, again or for the first time."""
        self.sent = time.monotonic()
        self.socket.sendto(self.packet, self.place)

    def receive(self):
        """Takes one packet."""
        packet, self.place = self.socket.recvfrom(2048)
        kind, number = struct.unpack("!HH", packet[:4])
        if kind == 6:
            number = 0
        elif kind == 3 and number == (self.block + 1) % 65536:
            self.content += packet[4:]
            self.block += 1
            self.is_whole = len(packet) - 4 < self.BLOCK
        elif kind != 3:
            raise RuntimeError(packet)
        self.packet = struct.pack("!HH", 4, number)
        self.send()


def read_by_tftp(name, expected):
    """How many of the clients, all switched on at once, got the file."""
    with selectors.DefaultSelector() as selector:
        clients = [TFTPClient(name) for _ in range(TFTP_CLIENTS)]
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        end = time.monotonic() + 120
        open_clients = set(clients)
        while open_clients and time.monotonic() < end:
            for key, _ in selector.select(0.1):
                key.data.receive()
                if key.data.is_whole:
                    selector.unregister(key.fileobj)
                    open_clients.discard(key.data)
            now = time.monotonic()
            for client in open_clients:
                if now - client.sent > client.PATIENCE:
                    client.send()
    return sum(client.content == expected for client in clients)


def read_by_http(name, expected):
    """How many of the requests were answered with the whole file."""
    result = subprocess.run(
        ["curl", "--silent", "--parallel", "--parallel-max", str(HTTP_CLIENTS), "--output",
         "/dev/null", "--write-out", "%{http_code} %{size_download}\n",
         f"http://{ADDRESS}/{name}?[1-{HTTP_REQUESTS}]"],
        stdout=subprocess.PIPE, text=True, check=False)
    return result.stdout.split("\n").count(f"200 {len(expected)}")


# As Debian's init script reads the file.
HPA = """. "$1"; exec in.tftpd --foreground --listen --user $TFTP_USERNAME --address $TFTP_ADDRESS \
$TFTP_OPTIONS $TFTP_DIRECTORY"""


def command(server, file):
    """The server's argument vector, and the file of the kernel that shows its socket, and the port."""
    if server == "in.tftpd":
        return ["sh", "-c", HPA, "sh", file], "/proc/net/udp", 69
    if server == "dnsmasq":
        return (["dnsmasq", "--keep-in-foreground", "--log-facility=/dev/null", "--pid-file",
                 f"--conf-file={file}"], "/proc/net/udp", 69)
    return ["nginx", "-c", file, "-g", "daemon off;"], "/proc/net/tcp", 80


def main(server, file, tree, name):
    for words in [
            "ip link set lo up", f"ip address add {ADDRESS}/24 dev lo", "mount -t tmpfs none /run",
            "mount -t tmpfs none /var/log"]:
        subprocess.run(words.split(), check=True)
    Path("/var/log/nginx").mkdir()
    words, sockets, port = command(server, file)
    # What a service of Debian's systemd may open.
    running = subprocess.Popen(["prlimit", "--nofile=1024:"] + words)
    try:
        end = time.monotonic() + 30
        while f":{port:04X} " not in Path(sockets).read_text(encoding="ascii"):
            if time.monotonic() > end or running.poll() is not None:
                sys.exit(f"{server} does not start")
            time.sleep(0.02)
        expected = (Path(tree) / name).read_bytes()
        start = time.monotonic()
        read = read_by_http if server == "nginx" else read_by_tftp
        served = read(name, expected)
        print(json.dumps({"served": served, "seconds": time.monotonic() - start}))
    finally:
        running.terminate()
        running.wait()


main(*sys.argv[1:])

"""An HTTP server that misbehaves on request, for the download tests.

Prints its port, then serves until it is killed. What a path does is in `Handler.do_GET`; a path's
first request is told from later ones by everything after the first component ("/cut/NAME").
"/log" answers with one line a request: path, Range, If-Range.
"""
import http.server
import random
import socket
import struct
import sys
import time

CONTENT = random.Random(7).randbytes(3_000_000)
OTHER = random.Random(8).randbytes(3_000_000)
seen = {}
log = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def send(self, status, body=b"", headers=(), declared=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if declared is None else declared))
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        """Ends the connection with a reset."""
        self.wfile.flush()
        time.sleep(0.1)
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def send_ranged(self, content, tag):
        """The whole, or the range that was asked for when it is one of this very version."""
        wanted = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        if wanted and (condition is None or condition == tag):
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(content):
                return self.send(416, headers=[("Content-Range", f"bytes */{len(content)}")])
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self.send(
                206, content[start:], [("ETag", tag), ("Content-Range", span)])
        self.send(200, content, [("ETag", tag)])

    def do_GET(self):
        kind = self.path.split("/")[1]
        if kind == "log":
            return self.send(200, "".join(line + "\n" for line in log).encode())
        log.append(" ".join(
            [self.path, self.headers.get("Range", "-"), self.headers.get("If-Range", "-")]))
        times = seen[self.path] = seen.get(self.path, 0) + 1
        getattr(self, "on_" + kind.replace("-", "_"), self.on_missing)(times)

    def on_missing(self, times):
        self.send(404, b"no such page")

    def on_good(self, times):
        self.send_ranged(CONTENT, '"one"')

    def on_empty(self, times):
        self.send(200)

    def on_wrong(self, times):
        self.send_ranged(OTHER, '"two"')

    def on_cut(self, times):
        """Twice cut after a million bytes, then good."""
        if times > 2:
            return self.on_good(times)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        part = CONTENT[start:start + 1_000_000]
        headers = [("ETag", '"one"')]
        if start:
            headers.append(("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"))
        self.send(206 if start else 200, part, headers, declared=len(CONTENT) - start)
        self.cut()

    def on_cut_always(self, times):
        self.send(200, CONTENT[:1000], declared=len(CONTENT))
        self.cut()

    def on_cut_without_ranges(self, times):
        if times > 1:
            return self.send(200, CONTENT)
        self.send(200, CONTENT[:1_000_000], declared=len(CONTENT))
        self.cut()

    def on_replaced(self, times):
        """Another version stands there after the cut."""
        if times > 1:
            return self.send_ranged(CONTENT, '"one"')
        self.send(200, OTHER[:1_000_000], [("ETag", '"two"')], declared=len(OTHER))
        self.cut()

    def on_bad_joint(self, times):
        """Another version after the cut, and no tag to tell."""
        if times == 1:
            self.send(200, OTHER[:1_000_000], declared=len(OTHER))
            return self.cut()
        self.send_ranged(CONTENT, '"ignored"')

    def on_wrong_range(self, times):
        span = f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.send(206, CONTENT[5:], [("Content-Range", span)])

    def on_unavailable(self, times):
        if times > 2:
            return self.on_good(times)
        self.send(503, b"later")

    def on_busy(self, times):
        if times > 1:
            return self.on_good(times)
        self.send(429, b"later", [("Retry-After", "1")])

    def on_closed_for_long(self, times):
        self.send(503, b"later", [("Retry-After", "86400")])

    def on_broken(self, times):
        self.send(500, b"oops")

    def on_silent(self, times):
        self.close_connection = True

    def on_slow(self, times):
        self.send(200, b"", declared=len(CONTENT))
        try:
            for position in range(1200):
                self.wfile.write(CONTENT[position:position + 1])
                self.wfile.flush()
                time.sleep(0.5)
        except OSError:
            pass
        self.close_connection = True

    def on_redirect(self, times):
        self.send(302, headers=[("Location", "/good/after-redirect")])

    def on_redirect_to_file(self, times):
        self.send(302, headers=[("Location", "file:///etc/passwd")])

    def on_redirect_loop(self, times):
        self.send(302, headers=[("Location", self.path)])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()

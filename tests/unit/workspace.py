"""A Databricks workspace that answers over HTTP, for what talks to one through Databricks' SDK."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Workspace(ThreadingHTTPServer):
    """Gives the answer of `answers` to each path, and remembers in `asked` what bodies it was sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = {}, []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def answer(self):
        if sent := self.rfile.read(int(self.headers.get("Content-Length", 0))):
            self.server.asked.append(json.loads(sent))
        found = self.server.answers.get(urlsplit(self.path).path)
        body = json.dumps(found or {"error_code": "NOT_FOUND", "message": "no such thing"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass

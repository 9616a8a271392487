"""A Databricks workspace that answers over HTTP, for what talks to one through Databricks' SDK."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

FILES, FOLDERS = "/api/2.0/fs/files", "/api/2.0/fs/directories"


class Workspace(ThreadingHTTPServer):
    """Gives the answer of `answers` to each path, and remembers in `asked` what bodies it was sent.

    It keeps secrets, in `scopes`, who may read them, in `acls`, and files, in `files`, as a workspace does. What is in
    `faults`, by path, is refused with that status, code and message, in which {} is what was sent.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked, self.faults = {}, [], {}
        self.scopes, self.acls, self.files = {}, {}, {}

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def secrets(self, action, asked):
        """What a workspace answers about secrets; none for what is not there."""
        scope, key = asked.get("scope"), asked.get("key")
        if action == "scopes/list":
            return {"scopes": [{"name": name} for name in self.scopes]}
        if action == "scopes/create":
            self.scopes[scope], self.acls[scope] = {}, {"ann@example.com": "MANAGE"}
            return {}
        if scope not in self.scopes:
            return None
        match action:
            case "list":
                return {"secrets": [{"key": one} for one in self.scopes[scope]]}
            case "get":
                return {"key": key, "value": base64.b64encode(self.scopes[scope][key].encode()).decode()}
            case "put":
                self.scopes[scope][key] = asked["string_value"]
            case "acls/list":
                return {"items": [{"principal": who, "permission": may} for who, may in self.acls[scope].items()]}
            case "acls/put":
                self.acls[scope][asked["principal"]] = asked["permission"]
        return {}

    def folder(self, path):
        """The files in a folder; none if there is no such folder."""
        inside = [file for file in self.files if file.rpartition("/")[0] == path]
        return {"contents": [{"path": file, "name": file.rpartition("/")[2]} for file in inside]} if inside else None


class _Handler(BaseHTTPRequestHandler):
    def answer(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        path, query = unquote(url.path), {name: values[0] for name, values in parse_qs(url.query).items()}
        if path in self.server.faults:
            status, code, message = self.server.faults[path]
            self.respond(status, {"error_code": code, "message": message.format(sent.decode(errors="replace"))})
        elif path.startswith(FILES):
            self.file(path.removeprefix(FILES), sent)
        elif path.startswith(FOLDERS):
            self.found({} if self.command == "PUT" else self.server.folder(path.removeprefix(FOLDERS)))
        else:
            body = json.loads(sent) if sent else {}
            if body:
                self.server.asked.append(body)
            if int(query.get("startIndex", 1)) > 1:
                # Users and groups are read page by page, until one is empty.
                self.found({"Resources": []})
                return
            _, secrets, action = path.partition("/api/2.0/secrets/")
            self.found(self.server.secrets(action, {**query, **body}) if secrets else self.server.answers.get(path))

    def file(self, path, sent):
        if self.command == "PUT":
            self.server.files[path] = sent
            self.respond(204, None)
        elif path in self.server.files:
            self.respond(200, self.server.files[path])
        else:
            self.found(None)

    def found(self, answer):
        if answer is None:
            self.respond(404, {"error_code": "NOT_FOUND", "message": "no such thing"})
        else:
            self.respond(200, answer)

    def respond(self, status, answer):
        content = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header(
            "Content-Type", "application/octet-stream" if isinstance(answer, bytes) else "application/json"
        )
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *_):
        pass

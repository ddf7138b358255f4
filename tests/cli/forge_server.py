"""A forge over real HTTP: the comments of GitHub's and GitLab's REST interfaces, as their documentation says.

Pages, tokens and refusals included; everything else is not found.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

TOKEN = "secret-of-the-job"


@dataclass
class Comments:
    """The comments of one request, in the order in which they were made; ``methods`` is what was asked."""

    texts: dict[int, str] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    refuse_with: int = 0


LISTS = {
    "github": re.compile(r"/repos/acme/policies/issues/7/comments"),
    "gitlab": re.compile(r"/projects/42/merge_requests/7/notes"),
}
ONE = {
    "github": re.compile(r"/repos/acme/policies/issues/comments/(\d+)"),
    "gitlab": re.compile(r"/projects/42/merge_requests/7/notes/(\d+)"),
}
CHANGE = {"github": "PATCH", "gitlab": "PUT"}


class Handler(BaseHTTPRequestHandler):
    """Answers one request; the server knows which forge it is, and the comments."""

    server: "Forge"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self) -> None:
        """Find what is asked for."""
        comments = self.server.comments
        comments.methods.append(self.command)
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        if not self.is_allowed():
            self.say(401, {"message": "Bad credentials"})
        elif comments.refuse_with:
            self.say(comments.refuse_with, {"message": "Resource not accessible by integration"})
        else:
            self.say(*self.found(urlsplit(self.path), body))

    do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - the names that the library calls

    def found(self, asked: SplitResult, body: dict[str, str]) -> tuple[int, Any]:
        """Return status and document of a request that is allowed."""
        kind, texts = self.server.kind, self.server.comments.texts
        one = ONE[kind].fullmatch(asked.path)
        if LISTS[kind].fullmatch(asked.path) and self.command == "GET":
            return 200, self.page(parse_qs(asked.query))
        if LISTS[kind].fullmatch(asked.path) and self.command == "POST":
            number = 100 + len(texts)
            texts[number] = body["body"]
            return 201, {"id": number, "body": body["body"]}
        if one and self.command == CHANGE[kind] and int(one[1]) in texts:
            texts[int(one[1])] = body["body"]
            return 200, {"id": int(one[1]), "body": body["body"]}
        return 404, {"message": "Not Found"}

    def is_allowed(self) -> bool:
        """Tell whether the token is the right one, where this forge looks for it."""
        if self.server.kind == "github":
            return self.headers.get("authorization") == f"Bearer {TOKEN}"
        return self.headers.get("private-token") == TOKEN

    def page(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Return one page, the oldest first where the forge does so by itself or was asked to."""
        listed = [{"id": number, "body": text} for number, text in self.server.comments.texts.items()]
        if self.server.kind == "gitlab" and query.get("sort") != ["asc"]:
            listed.reverse()
        size = int(query.get("per_page", ["30" if self.server.kind == "github" else "20"])[0])
        start = (int(query.get("page", ["1"])[0]) - 1) * size
        return listed[start : start + size]

    def say(self, status: int, document: Any) -> None:
        """Answer with JSON."""
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Forge(ThreadingHTTPServer):
    """A forge of one kind."""

    def __init__(self, kind: str, comments: Comments) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kind = kind
        self.comments = comments


@contextmanager
def forge(kind: str, comments: Comments) -> Iterator[str]:
    """Serve one request's comments, and give the address of the interface."""
    server = Forge(kind, comments)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()

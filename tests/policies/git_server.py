"""A git server on this machine: the protocol of a forge, over HTTPS with a password and over SSH."""

import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

USER, PASSWORD = "governor", "a-token-of-the-forge"


def certificate(directory: Path) -> tuple[Path, Path]:
    """Make a key and a certificate of 127.0.0.1, signed by itself, and return both."""
    key, made = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "36500", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    return key, made


class _Handler(BaseHTTPRequestHandler):
    """Hands a request to ``git http-backend``, which is a CGI program, if it knows the password."""

    root: Path

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
        """Say nothing."""

    def do_GET(self) -> None:
        """List the branches."""
        self._answer()

    def do_POST(self) -> None:
        """Send objects."""
        self._answer()

    def _answer(self) -> None:
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("authorization") != wanted:
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("www-authenticate", 'Basic realm="policies"')
            self.send_header("content-length", "0")
            self.end_headers()
            return
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": target.path,
            "QUERY_STRING": target.query,
            "REMOTE_USER": USER,
            "CONTENT_TYPE": self.headers.get("content-type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding") or "",
            "GIT_PROTOCOL": self.headers.get("git-protocol") or "",
        }
        ran = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("ascii").split("\r\n"))
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def https_server(root: Path, key: Path, made: Path) -> Iterator[str]:
    """Serve the repositories of a directory over HTTPS, and give host and port."""
    handler = type("Handler", (_Handler,), {"root": root})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ssh_command(directory: Path) -> Path:
    """Make a stand-in for ``ssh`` that runs here what git asks the other machine to run; it notes which machine."""
    program = directory / "ssh"
    program.write_text(f'#!/bin/sh\nfor last; do :; done\necho "$@" >> "{directory}/asked"\nexec sh -c "$last"\n')
    program.chmod(0o755)
    return program

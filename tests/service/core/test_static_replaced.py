"""A file that is replaced between its headers and its content is sent as one of the two, whole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from service.http.static import Results


def test_a_replaced_file_is_sent_whole(tmp_path: Path) -> None:
    path = tmp_path / "entry.json"
    path.write_bytes(b"old" * 1000)
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/entry.json", "headers": []}

    async def request() -> tuple[dict[bytes, bytes], bytes]:
        response = await Results(tmp_path).get_response("entry.json", scope)
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").replace(path)
        headers: dict[bytes, bytes] = {}
        body = bytearray()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers.update(message["headers"])
                (tmp_path / "newer").write_bytes(b"newer than new")
                (tmp_path / "newer").replace(path)
            else:
                body.extend(message.get("body", b""))

        async def receive() -> Any:
            await asyncio.sleep(60)

        await response(scope, receive, send)
        return headers, bytes(body)

    headers, body = asyncio.run(request())
    assert body == b"new" and headers[b"content-length"] == b"3"

"""comfyui-async-api-tool: works on the program's own aiohttp session, which signs in.

"header": a Bearer token on the session. "cookie": the session visits the personal link once, as a
browser does. Either goes along with every request and with the WebSocket.
"""

import asyncio
import json
import logging
import pathlib
import sys
import urllib.parse

import aiohttp
from comfyui_async_api_tool import ComfyClient
from comfyui_async_api_tool.queue import probe_queue

TASK = json.loads(pathlib.Path(sys.argv[1]).read_text())
OUTPUT = pathlib.Path(TASK["output"])

# It goes on without its WebSocket and only logs that: such a run proves nothing.
faults: list[str] = []
handler = logging.Handler(logging.ERROR)
handler.emit = lambda record: faults.append(record.getMessage())
logging.getLogger("comfyui_async_api_tool").addHandler(handler)


async def sign_in(link: str) -> tuple[aiohttp.ClientSession, str]:
    parts = urllib.parse.urlsplit(link)
    address = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    if TASK["signIn"] == "cookie":
        # `unsafe` only because the test's host is an IP address.
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        await session.get(link)
        return session, address
    token = urllib.parse.parse_qs(parts.query)["token"][0]
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}), address


async def run(client: ComfyClient, graph: dict) -> dict:
    told: dict = {"progress": [], "image": None, "error": None}
    async for event in client.run(graph):
        if event["type"] == "progress":
            told["progress"].append(event["data"])
        elif event["type"] == "image":
            told["image"] = event["data"]
        elif event["type"] == "error":
            told["error"] = event["msg"]
        elif event["type"] == "start":
            told["id"] = event["data"]["prompt_id"]
    return told


async def main() -> None:
    session, address = await sign_in(TASK["link"])
    async with session:
        # It opens its WebSocket after the submit and never learns of a job that was quicker, here
        # as with ComfyUI itself: then this bound ends the wait, and the history has the picture.
        client = ComfyClient(session, servers=[address], max_listen_seconds=15)
        queue = await probe_queue(session, address)
        async with session.get(f"{address}/system_stats") as answer:
            stats = await answer.json()
        uploaded = await client.upload_image(address, TASK["picture"])

        negative = TASK["graphs"]["negative"]
        negative["21"]["inputs"]["image"] = uploaded["name"]
        inverted = await run(client, negative)
        (OUTPUT / "negative.png").write_bytes(inverted["image"])

        painting = await run(client, TASK["graphs"]["painting"])
        (OUTPUT / "painting.png").write_bytes(painting["image"])

        refused = await run(client, TASK["graphs"]["refused"])
        async with session.get(f"{address}/history") as answer:
            history = await answer.json()
    findings = {
        "comfyuiVersion": stats["system"]["comfyui_version"],
        "lists": {
            "online": queue.online,
            "waiting": queue.pending,
            "lastProgress": painting["progress"][-1],
            "faults": faults,
        },
        "uploaded": uploaded["name"],
        "progress": len(painting["progress"]),
        "refusal": json.loads(refused["error"].removeprefix("submit failed: ")),
        "history": list(history),
    }
    (OUTPUT / "report.json").write_text(json.dumps(findings))


asyncio.run(main())

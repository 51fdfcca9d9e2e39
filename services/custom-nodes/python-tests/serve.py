"""Serves both nodes for a browser, on a free port that it prints: their routes, their files.

As ComfyUI does it: /extensions lists every script, /extensions/<node>/ has them. Ends with its input.
"""

import asyncio
import sys

from aiohttp import web
from comfyui_under_test import HERE, load
from server import PromptServer

NODES = ("default_workflow_loader", "queue_redirect")


async def main():
    prompt_server = PromptServer()
    scripts = []
    for node in NODES:
        folder = HERE.parent / node / load(node).WEB_DIRECTORY
        prompt_server.app.add_routes([web.static(f"/extensions/{node}", folder)])
        scripts += [f"/extensions/{node}/{file.name}" for file in folder.glob("*.js")]

    @prompt_server.routes.get("/extensions")
    async def extensions(_request: web.Request) -> web.Response:
        return web.json_response(scripts)

    prompt_server.add_routes()
    runner = web.AppRunner(prompt_server.app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())

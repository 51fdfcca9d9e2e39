"""Keeps graphs away from this ComfyUI: the workshop's shared queue runs them.

Behind the gateway (`/user007/…`) a participant's Run never comes here. Whatever comes past the
gateway is refused in the form that the editor shows as a dialog, and the editor's page, opened past
the gateway, moves to the participant's address:

    GET /comfymulti/queue_redirect      {"address": where the page has to move, or null}

PARTICIPANT_URL         The participant's address at the gateway, as a browser reaches it:
                        https://comfy.example.net/user007/. Default: none; the page stays, and Run is
                        refused there.
"""

import logging
import os
from urllib.parse import urlsplit

from aiohttp import web
from server import PromptServer

NODE_CLASS_MAPPINGS = {}
WEB_DIRECTORY = "./web"
__all__ = ["NODE_CLASS_MAPPINGS", "WEB_DIRECTORY"]

REFUSED = {"/prompt", "/queue", "/interrupt", "/free", "/history"}


def participant_url() -> str | None:
    """PARTICIPANT_URL, or nothing when it is no address that a browser could open."""
    url = os.environ.get("PARTICIPANT_URL")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        usable = False
    if usable:
        return url
    logging.warning("PARTICIPANT_URL must be an address as https://comfy.example.net/user007/.")
    return None


@web.middleware
async def refuse_local_queue(request: web.Request, handler):
    # The route that was found, not the path: an encoded path ("/%70rompt") leads there too.
    resource = request.match_info.route.resource
    if request.method == "POST" and resource and resource.canonical.removeprefix("/api") in REFUSED:
        return web.json_response(refusal(), status=403)
    return await handler(request)


def refusal() -> dict:
    where = PARTICIPANT_URL or "your personal link"
    return {
        "error": {
            "type": "shared_queue_only",
            "message": "This page is not connected to the shared queue",
            "details": f"Nothing was run or changed. Save your workflow, then open {where} and press Run there.",
            "extra_info": {},
        },
        "node_errors": {},
    }


# First, so that nothing below can leave this ComfyUI open.
PromptServer.instance.app.middlewares.append(refuse_local_queue)
PARTICIPANT_URL = participant_url()


@PromptServer.instance.routes.get("/comfymulti/queue_redirect")
async def queue_redirect(request: web.Request) -> web.Response:
    # The gateway names the participant in every request that it passes on.
    behind_gateway = "Comfy-User" in request.headers
    return web.json_response({"address": None if behind_gateway else PARTICIPANT_URL})

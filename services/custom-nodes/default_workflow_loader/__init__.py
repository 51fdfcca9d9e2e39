"""Opens the workshop's default graph on a participant's first visit.

Serves the graph to web/default_workflow_loader.js, which opens it:

    GET /comfymulti/default_workflow    200 the graph, 404 none is set, 500 it can't be used

DEFAULT_WORKFLOW_FILE   A workflow saved by the editor (not "Export (API)"), JSON in UTF-8 of at most
                        2 MiB. Read at each request, so that the host may replace it at any time.
                        Default: none, and the editor starts as it always does.
"""

import asyncio
import json
import logging
import os

from aiohttp import web
from server import PromptServer

NODE_CLASS_MAPPINGS = {}
WEB_DIRECTORY = "./web"
__all__ = ["NODE_CLASS_MAPPINGS", "WEB_DIRECTORY"]

# The largest graphs of the official templates have 0.2 MB.
LARGEST_WORKFLOW_BYTES = 2 * 1024 * 1024


class UnusableWorkflow(Exception):
    """The file can't be opened by the editor; the message tells the host what to do."""


def read_workflow(path: str) -> bytes:
    """The file's content, when it is a graph that the editor can open."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_WORKFLOW_BYTES + 1)
    except OSError as error:
        raise UnusableWorkflow(f"it can't be read ({error.strerror})") from error
    if len(content) > LARGEST_WORKFLOW_BYTES:
        raise UnusableWorkflow(f"it has more than {LARGEST_WORKFLOW_BYTES} bytes: take a smaller one")
    try:
        # A browser knows no NaN and no Infinity, and Python's parser takes them.
        graph = json.loads(content.decode("utf-8"), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnusableWorkflow(f"it is not JSON ({error})") from error
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list):
        raise UnusableWorkflow(
            'it has no list "nodes": save it in the editor with Save As, not with Export (API)'
        )
    return content


def refuse_constant(name: str):
    raise ValueError(f"{name} is not allowed")


@PromptServer.instance.routes.get("/comfymulti/default_workflow")
async def default_workflow(_request: web.Request) -> web.Response:
    path = os.environ.get("DEFAULT_WORKFLOW_FILE")
    if not path:
        return web.json_response({"error": "No default workflow is set."}, status=404)
    try:
        content = await asyncio.to_thread(read_workflow, path)
    except UnusableWorkflow as reason:
        logging.warning("DEFAULT_WORKFLOW_FILE %s is not opened: %s.", path, reason)
        sentence = "The workshop's default workflow can't be used; tell the host."
        return web.json_response({"error": sentence}, status=500)
    return web.Response(body=content, content_type="application/json")

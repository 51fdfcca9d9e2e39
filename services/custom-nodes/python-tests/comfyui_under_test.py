"""A running server with one custom node in it, loaded by its folder as ComfyUI does."""

import importlib.util
import os
import sys
import unittest
from pathlib import Path
from unittest import mock

from aiohttp.test_utils import TestClient, TestServer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "stand-in"))

from server import PromptServer  # noqa: E402  the stand-in


class ComfyuiTestCase(unittest.IsolatedAsyncioTestCase):
    """A test starts what it needs with `start`; everything ends with it."""

    async def start(self, node: str, **environment: str) -> TestClient:
        """A client of a server with this node, under exactly these settings of the nodes."""
        ours = {name: "" for name in ("DEFAULT_WORKFLOW_FILE", "PARTICIPANT_URL")} | environment
        changed = mock.patch.dict(os.environ, ours)
        changed.start()
        self.addCleanup(changed.stop)
        self.prompt_server = PromptServer()
        self.module = load(node)
        self.prompt_server.add_routes()
        client = TestClient(TestServer(self.prompt_server.app))
        await client.start_server()
        self.addAsyncCleanup(client.close)
        return client


def load(node: str):
    """As ComfyUI's load_custom_node: the folder's path is the module's name."""
    folder = HERE.parent / node
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module

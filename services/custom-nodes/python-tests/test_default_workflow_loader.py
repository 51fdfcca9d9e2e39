"""Which graph default_workflow_loader serves, and what it does with a file that is none."""

import json
import tempfile
from pathlib import Path

from comfyui_under_test import HERE, ComfyuiTestCase

NODE = "default_workflow_loader"
ROUTE = "/comfymulti/default_workflow"
LIMIT = 2 * 1024 * 1024
EXAMPLE = HERE.parents[2] / "workflows/templates/example_workflow/workflow.json"


class DefaultWorkflowTest(ComfyuiTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="comfymulti-default-workflow-")
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "default.json"

    async def test_the_hosts_graph_is_served_as_it_is_under_both_prefixes(self):
        client = await self.start(NODE, DEFAULT_WORKFLOW_FILE=str(EXAMPLE))
        for route in (ROUTE, f"/api{ROUTE}"):
            answer = await client.get(route)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.content_type, "application/json")
            self.assertEqual(await answer.read(), EXAMPLE.read_bytes())

    async def test_a_graph_that_the_host_replaces_is_served_from_then_on(self):
        client = await self.start(NODE, DEFAULT_WORKFLOW_FILE=str(self.file))
        for version in (1, 2):
            graph = {"nodes": [], "links": [], "version": version}
            self.file.write_text(json.dumps(graph), encoding="utf-8")
            self.assertEqual(await (await client.get(ROUTE)).json(), graph)

    async def test_without_the_setting_there_is_none(self):
        client = await self.start(NODE)
        answer = await client.get(ROUTE)
        self.assertEqual(answer.status, 404)
        self.assertEqual(await answer.json(), {"error": "No default workflow is set."})

    async def test_a_file_that_the_editor_could_not_open_is_told_to_the_host_alone(self):
        client = await self.start(NODE, DEFAULT_WORKFLOW_FILE=str(self.file))
        for content, reason in (
            (None, "it can't be read (No such file or directory)"),
            (b"{", "it is not JSON"),
            (b"\xff\xfe{}", "it is not JSON"),
            (b'{"nodes": [NaN]}', "NaN is not allowed"),
            (b'{"nodes": [-Infinity]}', "-Infinity is not allowed"),
            (b"[" * 1_000_000, "it is not JSON"),
            (b"[]", 'it has no list "nodes"'),
            (b'{"3": {"class_type": "SaveImage", "inputs": {}}}', "not with Export (API)"),
            (b'{"nodes": []}'.ljust(LIMIT + 1), f"it has more than {LIMIT} bytes"),
        ):
            with self.subTest(reason), self.assertLogs(level="WARNING") as logs:
                if content is not None:
                    self.file.write_bytes(content)
                answer = await client.get(ROUTE)
                self.assertEqual(answer.status, 500)
                sentence = "The workshop's default workflow can't be used; tell the host."
                self.assertEqual(await answer.json(), {"error": sentence})
                self.assertIn(reason, logs.output[0])
                self.assertIn(str(self.file), logs.output[0])

    async def test_a_folder_instead_of_a_file_is_no_graph(self):
        client = await self.start(NODE, DEFAULT_WORKFLOW_FILE=str(self.file.parent))
        with self.assertLogs(level="WARNING"):
            self.assertEqual((await client.get(ROUTE)).status, 500)

    async def test_the_largest_file_that_is_allowed_is_served(self):
        self.file.write_bytes(b'{"nodes": []}'.ljust(LIMIT))
        client = await self.start(NODE, DEFAULT_WORKFLOW_FILE=str(self.file))
        answer = await client.get(ROUTE)
        self.assertEqual((answer.status, len(await answer.read())), (200, LIMIT))

    async def test_the_module_has_what_comfyui_looks_for(self):
        await self.start(NODE)
        self.assertEqual(self.module.NODE_CLASS_MAPPINGS, {})
        self.assertTrue((HERE.parent / NODE / self.module.WEB_DIRECTORY / f"{NODE}.js").is_file())

"""What queue_redirect lets through and what it refuses, over real sockets."""

from comfyui_under_test import HERE, ComfyuiTestCase
from yarl import URL

NODE = "queue_redirect"
ADDRESS = "https://comfy.example.net/user007/"
GRAPH = {"prompt": {"1": {"class_type": "EmptyImage", "inputs": {}}}}
PATHS = ("/prompt", "/queue", "/interrupt", "/free", "/history")


class RefusalTest(ComfyuiTestCase):
    async def test_every_change_of_the_local_queue_is_refused_in_comfyuis_own_form(self):
        client = await self.start(NODE, PARTICIPANT_URL=ADDRESS)
        for path in (*PATHS, *(f"/api{path}" for path in PATHS)):
            answer = await client.post(path, json=GRAPH)
            self.assertEqual(answer.status, 403, path)
            body = await answer.json()
            self.assertEqual(set(body), {"error", "node_errors"})
            self.assertEqual(set(body["error"]), {"type", "message", "details", "extra_info"})
            self.assertEqual(body["error"]["type"], "shared_queue_only")
            self.assertIn(ADDRESS, body["error"]["details"])
        self.assertEqual(self.prompt_server.reached, [])

    async def test_a_path_in_another_spelling_is_refused_too(self):
        client = await self.start(NODE)
        for spelling in ("/%70rompt", "/api/%70rompt", "/api/promp%74?x=1"):
            answer = await client.post(URL(spelling, encoded=True), json=GRAPH)
            self.assertEqual(answer.status, 403, spelling)
        for nowhere in ("/prompt/", "/PROMPT", "/api/api/prompt"):
            answer = await client.post(URL(nowhere, encoded=True), json=GRAPH)
            self.assertEqual(answer.status, 404, nowhere)
        self.assertEqual(self.prompt_server.reached, [])

    async def test_a_body_that_is_no_json_is_refused_the_same_way(self):
        client = await self.start(NODE)
        answer = await client.post("/prompt", data=b"\xff{" * 1000)
        self.assertEqual(answer.status, 403)
        self.assertIn("your personal link", (await answer.json())["error"]["details"])

    async def test_looking_and_uploading_stay_possible(self):
        client = await self.start(NODE)
        for path in PATHS:
            self.assertEqual((await client.get(path)).status, 200, path)
            self.assertEqual((await client.head(f"/api{path}")).status, 200, path)
        self.assertEqual((await client.post("/upload/image", data=b"")).status, 200)

    async def test_the_queue_stays_closed_whatever_the_address_is(self):
        for wrong in ("nonsense", "ftp://host/", "http://", "https://[", "javascript:alert(1)"):
            with self.subTest(wrong), self.assertLogs(level="WARNING") as logs:
                client = await self.start(NODE, PARTICIPANT_URL=wrong)
                self.assertIn("PARTICIPANT_URL must be an address", logs.output[0])
                self.assertEqual((await client.post("/prompt", json=GRAPH)).status, 403)
                answer = await client.get("/comfymulti/queue_redirect")
                self.assertEqual(await answer.json(), {"address": None})


class AddressTest(ComfyuiTestCase):
    async def test_a_page_opened_past_the_gateway_is_told_where_to_go(self):
        client = await self.start(NODE, PARTICIPANT_URL=ADDRESS)
        answer = await client.get("/api/comfymulti/queue_redirect")
        self.assertEqual(await answer.json(), {"address": ADDRESS})

    async def test_a_page_behind_the_gateway_stays(self):
        client = await self.start(NODE, PARTICIPANT_URL=ADDRESS)
        headers = {"Comfy-User": "user007"}
        answer = await client.get("/api/comfymulti/queue_redirect", headers=headers)
        self.assertEqual(await answer.json(), {"address": None})

    async def test_without_an_address_a_page_stays(self):
        client = await self.start(NODE)
        answer = await client.get("/api/comfymulti/queue_redirect")
        self.assertEqual(await answer.json(), {"address": None})


class ModuleTest(ComfyuiTestCase):
    async def test_the_module_has_what_comfyui_looks_for(self):
        await self.start(NODE)
        self.assertEqual(self.module.NODE_CLASS_MAPPINGS, {})
        self.assertTrue((HERE.parent / NODE / self.module.WEB_DIRECTORY / f"{NODE}.js").is_file())

"""Stands in for ComfyUI's own module `server`: the two names of it that the nodes use.

As ComfyUI 0.9.2 to 0.11.1 do it: nodes are loaded while the application exists and does not run;
afterwards `add_routes` puts every route there twice, once under /api. What runs a graph is not here:
the queue's routes only note that they were reached.
"""

from aiohttp import web

QUEUE_ROUTES = ("/prompt", "/queue", "/interrupt", "/free", "/history")


class PromptServer:
    instance: "PromptServer"

    def __init__(self):
        PromptServer.instance = self
        self.app = web.Application(middlewares=[])
        self.routes = web.RouteTableDef()
        self.reached: list[str] = []
        for path in QUEUE_ROUTES:
            self.routes.get(path)(self.note)
            self.routes.post(path)(self.note)
        self.routes.post("/upload/image")(self.note)

    async def note(self, request: web.Request) -> web.Response:
        self.reached.append(f"{request.method} {request.path}")
        return web.json_response({"reached": request.path})

    def add_routes(self):
        prefixed = web.RouteTableDef()
        for route in self.routes:
            prefixed.route(route.method, "/api" + route.path)(route.handler, **route.kwargs)
        self.app.add_routes(prefixed)
        self.app.add_routes(self.routes)

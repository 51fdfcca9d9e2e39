import { describe, expect, it } from "vitest";
import { shownMessages, withoutServerDetails } from "./server-details.ts";

describe("withoutServerDetails", () => {
  it.each([
    [
      "No such file: '/opt/comfyui/models/vae/flux2-vae.safetensors'",
      "No such file: 'flux2-vae.safetensors'",
    ],
    ["C:\\ComfyUI\\models\\a.safetensors is broken", "a.safetensors is broken"],
    ['bad value\nTraceback (most recent call last):\n  File "/opt/x.py", line 1', "bad value"],
    ["got tensor([[0.2, 0.8],\n [0.1, 0.9]]) here", "got tensor(…) here"],
    ["see https://example.org/help/page for more", "see https://example.org/help/page for more"],
    ["mat1 and mat2 shapes cannot be multiplied (2x3 and 4/5)", undefined],
  ])("shows %j as a participant may read it", (text, shown) => {
    expect(withoutServerDetails(text)).toBe(shown ?? text);
  });

  it("empties traceback and tensors of an execution_error and leaves other messages alone", () => {
    const start = ["execution_start", { prompt_id: "a", timestamp: 1 }] as [
      string,
      Record<string, unknown>,
    ];
    const shown = shownMessages([
      start,
      [
        "execution_error",
        {
          node_id: "4",
          exception_message: "/opt/comfyui/nodes.py broke",
          traceback: ["File /opt/comfyui/nodes.py"],
          current_inputs: { image: ["tensor([1])"] },
          current_outputs: ["1"],
        },
      ],
    ]);
    expect(shown[0]).toEqual(start);
    expect(shown[1]?.[1]).toEqual({
      node_id: "4",
      exception_message: "nodes.py broke",
      traceback: [],
      current_inputs: {},
      current_outputs: [],
    });
  });
});

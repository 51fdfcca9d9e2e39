import type { OutputFile } from "@comfymulti/queue";
import { describe, expect, it } from "vitest";
import { filesIn, renameFiles } from "./output-files.ts";

const file = (filename: string, type: OutputFile["type"] = "output"): OutputFile => ({
  filename,
  subfolder: "",
  type,
});

describe("files in node outputs", () => {
  it("are found under any key, once each", () => {
    const output = {
      images: [file("a.png"), file("a.png")],
      gifs: [file("b.mp4")],
      text: ["hello"],
    };
    expect(filesIn(output)).toEqual([file("a.png"), file("b.mp4")]);
  });

  it("keep what stands beside the name, but no path of the worker", () => {
    const output = {
      gifs: [{ ...file("b.mp4"), format: "video/h264", fullpath: "/data/b.mp4" }],
      animated: [true],
    };
    expect(renameFiles(output, (found) => ({ ...found, filename: "mine.mp4" }))).toEqual({
      gifs: [{ ...file("mine.mp4"), format: "video/h264" }],
      animated: [true],
    });
  });

  it("are left out when they have no name to be given", () => {
    const output = { images: [file("gone.png", "temp"), file("a.png")] };
    const renamed = renameFiles(output, (found) => (found.type === "temp" ? undefined : found));
    expect(renamed).toEqual({ images: [file("a.png")] });
  });
});

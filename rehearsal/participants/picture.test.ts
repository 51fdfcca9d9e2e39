import { expect, it } from "vitest";
import { ownPicture, pixelsOf } from "./picture.ts";

it("gives the same pixels for the same name, and others for another", async () => {
  const picture = await ownPicture("run/user001/1");
  expect((await ownPicture("run/user001/1")).pixels).toEqual(picture.pixels);
  const other = await ownPicture("run/user002/1");
  const same = other.pixels.filter((value, index) => value === picture.pixels[index]).length;
  expect(same / other.pixels.length).toBeLessThan(0.05);
});

it("brings the pixels back out of the file", async () => {
  const { png, pixels } = await ownPicture("run/user001/1");
  expect((await pixelsOf(png))?.equals(pixels)).toBe(true);
});

it("has no pixels of what is no picture", async () => {
  expect(await pixelsOf(Buffer.from("<html>"))).toBeUndefined();
});

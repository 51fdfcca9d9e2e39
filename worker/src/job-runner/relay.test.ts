import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Relay } from "./relay.ts";

const collector = () => {
  const sent: string[] = [];
  const send = (what: string) => async () => {
    await Promise.resolve();
    sent.push(what);
  };
  return { sent, send };
};

describe("Relay", () => {
  it("sends the last progress before the message that follows it", async () => {
    const { sent, send } = collector();
    const relay = new Relay(60_000, () => undefined);
    relay.lasting(send("executing 1"));
    for (let step = 1; step <= 50; step += 1) relay.passing("progress:1", send(`step ${step}`));
    relay.lasting(send("executing 2"));
    await relay.flush();
    expect(sent).toEqual(["executing 1", "step 50", "executing 2"]);
  });

  it("keeps the order of lasting messages and the newest of each passing kind, whatever comes", async () => {
    const step = fc.record({ lasting: fc.boolean(), key: fc.constantFrom("a", "b") });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { sent, send } = collector();
        const relay = new Relay(60_000, () => undefined);
        const expected: string[] = [];
        let newest = new Map<string, string>();
        steps.forEach(({ lasting, key }, index) => {
          if (lasting) {
            expected.push(...newest.values(), `lasting ${index}`);
            newest = new Map();
            relay.lasting(send(`lasting ${index}`));
          } else {
            newest.delete(key);
            newest.set(key, `${key} ${index}`);
            relay.passing(key, send(`${key} ${index}`));
          }
        });
        expected.push(...newest.values());
        await relay.flush();
        expect(sent).toEqual(expected);
      }),
    );
  });

  it("goes on after a message that could not be sent", async () => {
    const { sent, send } = collector();
    const errors: unknown[] = [];
    const relay = new Relay(100, (error) => errors.push(error));
    relay.lasting(() => Promise.reject(new Error("no")));
    relay.lasting(send("next"));
    await relay.flush();
    expect(sent).toEqual(["next"]);
    expect(errors).toEqual([new Error("no")]);
  });
});

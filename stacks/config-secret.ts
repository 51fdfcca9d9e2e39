import * as pulumi from "@pulumi/pulumi";

/** Whether the stack's file holds a key encrypted. The SDK exports it and leaves it out of its types. */
export const { isConfigSecret } = pulumi.runtime as unknown as {
  isConfigSecret: (key: string) => boolean;
};

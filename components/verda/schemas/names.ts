/** Names as the API takes them, shared by the resources' schemas. */
import { z } from "zod";

/**
 * A name of ours, to which the provider adds its tag (21 characters): letters, digits and hyphens
 * are what every part of the API takes. The API states no limit for names; 63 together are a host
 * name's.
 */
export const taggableName = z
  .string()
  .max(42, "may have at most 42 characters")
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    "may hold letters, digits and hyphens, and begins and ends with a letter or digit",
  );

/** RFC 1123 label, as hosts and container deployments are named. */
export const hostLabel = z
  .string()
  .max(63, "may have at most 63 characters")
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    "may hold small letters, digits and hyphens, and begins and ends with a letter or digit",
  );

/** A data centre, such as FIN-01; `market.ts` lists where a type can be had. */
export const locationCode = z
  .string()
  .regex(/^[A-Z]{2,4}-\d{2}$/, "must be a location's code, such as FIN-01");

/** An id that the API gave; it becomes part of a path. */
export const givenId = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9._~-]+$/, "must be an id as the API gives it");

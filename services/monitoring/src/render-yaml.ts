import { stringify } from "yaml";

/** YAML with each expression and sentence on a line of its own, as it was written. */
export const renderYaml = (document: object): string => stringify(document, { lineWidth: 0 });

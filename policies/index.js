// Pulumi loads policy packs through CommonJS; this one line hands over to TypeScript as it is.
import "./pack.ts";

/** Data centres: the codes of the official Python SDK's constants. */
export const locations = [
  { code: "FIN-01", name: "Finland 1", country_code: "FI" },
  { code: "FIN-02", name: "Finland 2", country_code: "FI" },
  { code: "FIN-03", name: "Finland 3", country_code: "FI" },
  { code: "ICE-01", name: "Iceland 1", country_code: "IS" },
] as const;

export const isLocation = (code: string): boolean =>
  locations.some((location) => location.code === code);

/** Which of the gateway's requests tell how the editor feels. */

/**
 * Series of the gateway's histogram for what browsers of participants ask. Left out is what takes as
 * long as a file is large, and the WebSocket.
 */
export const participantRequests = (part: "bucket" | "count") =>
  `comfymulti_http_request_duration_seconds_${part}{route=~"/:user.*",route!~".*/(ws|view|upload/.+)"}`;

/** Loopback, and the tailnet's range (100.64.0.0/10) over which workers come. */
const PRIVATE = /^(127\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|localhost$|fd7a:115c:a1e0:)/;

/** Whether only this machine and the tailnet reach an address. */
export const isPrivate = (address: string): boolean => PRIVATE.test(address);

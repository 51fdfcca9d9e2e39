/** A certificate authority of the test's own, and a server's certificate from it. */
import { execFileSync } from "node:child_process";
import { createHash, createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface Certificates {
  /** PEM of the authority. */
  readonly authority: string;
  /** Files as nginx wants them. */
  readonly certificate: string;
  readonly certificateKey: string;
  /** By which Chromium is told to trust the server: base64 of its public key's sha256. */
  readonly publicKeyPin: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** @param folder Empty; the files stay in it. */
export function makeCertificates(folder: string, serverName: string): Certificates {
  const file = (name: string) => path.join(folder, name);
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });

  openssl(
    ...["req", "-x509", ...NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2"],
    ...["-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign"],
  );
  openssl(
    ...["req", "-new", ...NEW_KEY, "-keyout", "server.key", "-out", "server.csr"],
    ...["-subj", `/CN=${serverName}`],
  );
  writeFileSync(
    file("server.ext"),
    `subjectAltName=DNS:${serverName}\nextendedKeyUsage=serverAuth\n`,
  );
  openssl(
    ...["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key"],
    ...["-CAcreateserial", "-extfile", "server.ext", "-days", "2", "-out", "server.pem"],
  );
  const publicKey = createPublicKey(readFileSync(file("server.pem")));
  const der = publicKey.export({ type: "spki", format: "der" });
  return {
    authority: readFileSync(file("ca.pem"), "utf8"),
    certificate: file("server.pem"),
    certificateKey: file("server.key"),
    publicKeyPin: createHash("sha256").update(der).digest("base64"),
  };
}

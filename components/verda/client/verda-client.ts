/** The part of Verda's REST API that this project uses, typed. */
import { z } from "zod";
import {
  actionAnswer,
  availabilityAnswer,
  balanceAnswer,
  computeResourceAnswer,
  containerTypeAnswer,
  deploymentAnswer,
  deploymentStatusAnswer,
  idAnswer,
  instanceAnswer,
  instanceTypeAnswer,
  locationAnswer,
  oneOf,
  scalingAnswer,
  scriptAnswer,
  secretAnswer,
  sshKeyAnswer,
  volumeAnswer,
  volumeTypeAnswer,
} from "./answers.ts";
import { VerdaError } from "./error.ts";
import type {
  CreateDeployment,
  CreateInstance,
  CreateVolume,
  InstanceAction,
  PatchDeployment,
  ScalingBody,
  VolumeAction,
} from "./requests.ts";
import { verdaSettings } from "./settings.ts";
import type { VerdaSettings } from "./settings.ts";
import { segment, Transport } from "./transport.ts";
import type { TransportOptions } from "./transport.ts";

const nothing = z.unknown().transform(() => undefined);
const PAGE_SIZE = 100;
const MOST_PAGES = 50;

export class VerdaClient {
  readonly #http: Transport;

  constructor(settings: VerdaSettings, options?: TransportOptions) {
    this.#http = new Transport(settings, options);
  }

  /** With the settings of this process' environment. */
  static fromEnvironment(options?: TransportOptions): VerdaClient {
    return new VerdaClient(verdaSettings(process.env), options);
  }

  // Catalogue

  balance() {
    return this.#get("balance", balanceAnswer);
  }

  locations() {
    return this.#get("locations", z.array(locationAnswer));
  }

  instanceTypes() {
    return this.#open("instance-types", z.array(instanceTypeAnswer));
  }

  volumeTypes() {
    return this.#open("volume-types", z.array(volumeTypeAnswer));
  }

  containerTypes() {
    return this.#open("container-types", z.array(containerTypeAnswer));
  }

  computeResources() {
    return this.#get("serverless-compute-resources", z.array(computeResourceAnswer));
  }

  instanceAvailability(isSpot: boolean) {
    return this.#get("instance-availability", availabilityAnswer, { is_spot: String(isSpot) });
  }

  // Instances

  instances() {
    return this.#get("instances", z.array(instanceAnswer));
  }

  instance(id: string) {
    return this.#get(`instances/${segment(id)}`, instanceAnswer);
  }

  createInstance(body: CreateInstance) {
    return this.#create("instances", body);
  }

  /** @throws VerdaError when the instance refused the action */
  async actOnInstance(body: InstanceAction): Promise<void> {
    const results = await this.#http.call({
      method: "put",
      path: "instances",
      json: body,
      answer: z.union([actionAnswer, nothing]),
    });
    const failed = results?.find(({ status }) => status === "error");
    if (!failed) return;
    throw new VerdaError({
      status: failed.statusCode ?? 400,
      code: "invalid_request",
      reason: failed.error ?? `the action ${body.action} failed`,
      call: `PUT /instances (${body.action})`,
    });
  }

  // Volumes

  volumes() {
    return this.#get("volumes", z.array(volumeAnswer));
  }

  volumesInTrash() {
    return this.#get("volumes/trash", z.array(volumeAnswer));
  }

  volume(id: string) {
    return this.#get(`volumes/${segment(id)}`, volumeAnswer);
  }

  createVolume(body: CreateVolume) {
    return this.#create("volumes", body);
  }

  actOnVolume(body: VolumeAction) {
    return this.#http.call({
      method: "put",
      path: "volumes",
      json: body,
      answer: nothing,
      text: true,
    });
  }

  deleteVolume(id: string, permanently: boolean) {
    return this.#http.call({
      method: "delete",
      path: `volumes/${segment(id)}`,
      json: { is_permanent: permanently },
      answer: nothing,
      text: true,
    });
  }

  // Keys and scripts

  sshKeys() {
    return this.#get("ssh-keys", z.array(sshKeyAnswer));
  }

  sshKey(id: string) {
    return this.#get(`ssh-keys/${segment(id)}`, oneOf(sshKeyAnswer));
  }

  createSshKey(body: { readonly name: string; readonly key: string }) {
    return this.#create("ssh-keys", body);
  }

  deleteSshKey(id: string) {
    return this.#delete(`ssh-keys/${segment(id)}`);
  }

  /** All of them: the API gives this list in pages. */
  async scripts() {
    const all = [];
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const query = { page: String(page), pageSize: String(PAGE_SIZE) };
      const part = await this.#get("scripts", z.array(scriptAnswer), query);
      all.push(...part);
      if (part.length < PAGE_SIZE) break;
    }
    return all;
  }

  script(id: string) {
    return this.#get(`scripts/${segment(id)}`, oneOf(scriptAnswer));
  }

  createScript(body: { readonly name: string; readonly script: string }) {
    return this.#create("scripts", body);
  }

  deleteScript(id: string) {
    return this.#delete(`scripts/${segment(id)}`);
  }

  // Container deployments and their secrets

  deployments() {
    return this.#get("container-deployments", z.array(deploymentAnswer));
  }

  deployment(name: string) {
    return this.#get(`container-deployments/${segment(name)}`, deploymentAnswer);
  }

  deploymentStatus(name: string) {
    return this.#get(`container-deployments/${segment(name)}/status`, deploymentStatusAnswer);
  }

  scaling(name: string) {
    return this.#get(`container-deployments/${segment(name)}/scaling`, scalingAnswer);
  }

  createDeployment(body: CreateDeployment) {
    return this.#http.call({
      method: "post",
      path: "container-deployments",
      json: body,
      answer: deploymentAnswer,
    });
  }

  patchDeployment(name: string, body: PatchDeployment) {
    return this.#http.call({
      method: "patch",
      path: `container-deployments/${segment(name)}`,
      json: body,
      answer: nothing,
      text: true,
    });
  }

  patchScaling(name: string, body: ScalingBody) {
    return this.#http.call({
      method: "patch",
      path: `container-deployments/${segment(name)}/scaling`,
      json: body,
      answer: nothing,
      text: true,
    });
  }

  /** Takes its replicas away until it is resumed; requests wait. */
  pauseDeployment(name: string) {
    return this.#switchDeployment(name, "pause");
  }

  resumeDeployment(name: string) {
    return this.#switchDeployment(name, "resume");
  }

  deleteDeployment(name: string) {
    return this.#delete(`container-deployments/${segment(name)}`);
  }

  secrets() {
    return this.#get("secrets", z.array(secretAnswer));
  }

  createSecret(body: { readonly name: string; readonly value: string }) {
    return this.#http.call({
      method: "post",
      path: "secrets",
      json: body,
      answer: nothing,
      text: true,
    });
  }

  /** Also while a deployment refers to it: that one's next replica would lack it. */
  deleteSecret(name: string) {
    return this.#delete(`secrets/${segment(name)}`, { force: "true" });
  }

  // What all of them share

  #get<Schema extends z.ZodType>(
    path: string,
    answer: Schema,
    query: Readonly<Record<string, string>> = {},
  ) {
    return this.#http.call({ method: "get", path, answer, query });
  }

  #open<Schema extends z.ZodType>(path: string, answer: Schema) {
    return this.#http.call({ method: "get", path, answer, open: true });
  }

  #switchDeployment(name: string, action: "pause" | "resume") {
    return this.#http.call({
      method: "post",
      path: `container-deployments/${segment(name)}/${action}`,
      answer: nothing,
      text: true,
      repeatable: true,
    });
  }

  #create(path: string, json: object) {
    return this.#http.call({ method: "post", path, json, answer: idAnswer, text: true });
  }

  #delete(path: string, query: Readonly<Record<string, string>> = {}) {
    return this.#http.call({ method: "delete", path, query, answer: nothing, text: true });
  }
}

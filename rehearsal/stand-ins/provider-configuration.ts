/**
 * What a program gives a provider itself (`new docker.Provider("…", { host })`). The engine starts a
 * plugin for each provider of a program and tells it at Configure; the SDK's server for plugins
 * answers that and passes nothing on, so this listens where the message is read.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { unwrapSecrets } from "../../components/provider-plugin/wire.ts";

type Properties = Readonly<Record<string, unknown>>;

/** To be called before the server starts. @returns What was said last; nothing before */
export function listenForConfiguration(): () => Properties {
  let configuration: Properties = {};
  const { configure } = ResourceProviderService;
  const read = configure.requestDeserialize;
  configure.requestDeserialize = (bytes) => {
    const request = read(bytes);
    configuration = unwrapSecrets(request.getArgs()?.toJavaScript() ?? {}) as Properties;
    return request;
  };
  return () => configuration;
}

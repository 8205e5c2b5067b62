// Prints what is wrong with the resources on standard input, by the schemas of their CRDs: `node check.mjs MODULES`.
//
// The schemas let unknown fields pass, as Kubernetes does, which then drops them silently. Whether a field is known is
// found out by giving it values of every kind: a known one refuses some of them.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PACKAGES = {
  "gateway.envoyproxy.io/v1alpha1": "@kubernetes-models/envoy-gateway",
  "gateway.networking.k8s.io/v1": "@kubernetes-models/gateway-api",
  "gateway.networking.k8s.io/v1beta1": "@kubernetes-models/gateway-api",
  "networking.istio.io/v1": "@kubernetes-models/istio",
  "networking.istio.io/v1alpha3": "@kubernetes-models/istio",
  "security.istio.io/v1": "@kubernetes-models/istio",
};
const ONE_OF_EVERY_KIND = ["\u0000", -0.5, true, [[]], { "\u0000": [] }];

const modules = process.argv[2];

async function problems(resource) {
  const { apiVersion, kind } = resource;
  const path = `${modules}/${PACKAGES[apiVersion]}/${apiVersion}/${kind}.js`;
  const Model = (await import(pathToFileURL(path)))[kind];
  const complaint = (candidate) => {
    try {
      new Model(candidate).validate();
    } catch (error) {
      return error.message;
    }
  };
  const found = complaint(resource);
  if (found) return [found];
  const unknown = [];
  const visit = (node, place) => {
    for (const [name, value] of Object.entries(node)) {
      const refused = ONE_OF_EVERY_KIND.some((other) => {
        node[name] = other;
        return complaint(resource);
      });
      node[name] = value;
      // The Envoy configuration in a patch and the filter's own have no schema here.
      if (/\/(operation|patch)\/value$|\/wasm\/\d+\/config$/.test(`${place}/${name}`)) continue;
      if (!refused) unknown.push(`no such field: ${place}/${name}`);
      else if (value && typeof value === "object") visit(value, `${place}/${name}`);
    }
  };
  visit(resource, "");
  return unknown;
}

const all = JSON.parse(readFileSync(0, "utf8"));
const report = [];
for (const resource of all) {
  report.push(...(await problems(resource)).map((line) => `${resource.kind} ${resource.metadata.name}: ${line}`));
}
console.log(JSON.stringify(report));

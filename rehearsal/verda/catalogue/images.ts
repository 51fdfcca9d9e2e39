/** Images for instances: names that the OpenAPI document, the Terraform examples and live lists show. */
import { stableId } from "./stable-id.ts";

const IMAGES: readonly (readonly [type: string, name: string, category: string])[] = [
  ["ubuntu-24.04-cuda-12.8-open-docker", "Ubuntu 24.04 + CUDA 12.8 Open + Docker", "docker"],
  ["ubuntu-24.04-cuda-13.0-open-docker", "Ubuntu 24.04 + CUDA 13.0 Open + Docker", "docker"],
  ["ubuntu-22.04-cuda-12.0-docker", "Ubuntu 22.04 + CUDA 12.0 + Docker", "docker"],
  ["24.04.cuda12.9.docker", "Ubuntu 24.04 + CUDA 12.9 + Docker", "docker"],
  ["ubuntu-24.04", "Ubuntu 24.04", "ubuntu"],
  ["ubuntu-22.04", "Ubuntu 22.04", "ubuntu"],
  ["26.04.base", "Ubuntu 26.04", "ubuntu"],
];

export const images = IMAGES.map(([image_type, name, category], index) => ({
  id: stableId(`image ${image_type}`),
  image_type,
  name,
  is_default: index === 0,
  is_cluster: false,
  details: name.split(" + "),
  category,
}));

/** By type or id. */
export const findImage = (image: string) =>
  images.find(({ id, image_type }) => id === image || image_type === image);

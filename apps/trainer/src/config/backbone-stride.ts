import { type BackboneName, describeBackbone } from '@unitsphere/backbones';

/** Returns the stride of a backbone's last feature map, of which the image size must be a multiple. */
export function backboneStride(name: BackboneName): number {
  try {
    return Math.max(...describeBackbone(name).featureInfo.map(({ reduction }) => reduction));
  } catch {
    // A new backbone is not in the catalog until it has been measured; 32 divides any size that it can need.
    return 32;
  }
}

/** Returns the stride of the map that a training uses: the last one, or the one of `model.outIndex`. */
export function mapStride(name: BackboneName, outIndex?: number): number {
  return outIndex === undefined
    ? backboneStride(name)
    : describeBackbone(name).featureInfo[outIndex].reduction;
}

/** Returns the number of a backbone's feature maps; undefined for one that has not been measured yet. */
export function countMaps(name: BackboneName): number | undefined {
  try {
    return describeBackbone(name).featureInfo.length;
  } catch {
    return undefined;
  }
}

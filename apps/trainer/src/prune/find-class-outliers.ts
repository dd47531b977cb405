/** What the images of a class say about its sub-centers. */
export interface ClassOutliers {
  /** The sub-center that is nearest to most images; the first of equal ones. */
  dominant: number;
  /** Angle between each image's embedding and the dominant sub-center, in degrees. */
  angles: Float64Array;
}

/**
 * Finds a class's dominant sub-center, and the angle of each image to it.
 * @param embeddings float32 [images, dimensions], of unit length.
 * @param subCenters float32 [sub-centers, dimensions], of any length.
 * @see Deng et al., "Sub-center ArcFace: Boosting Face Recognition by Large-Scale Noisy Web Faces", ECCV 2020.
 */
export function findClassOutliers(
  embeddings: Float32Array,
  subCenters: Float32Array,
  dimensions: number,
): ClassOutliers {
  const images = embeddings.length / dimensions;
  const centers = subCenters.length / dimensions;
  const cosine = (image: number, center: number) => {
    let [product, square] = [0, 0];
    for (let d = 0; d < dimensions; d++) {
      const value = subCenters[center * dimensions + d];
      product += embeddings[image * dimensions + d] * value;
      square += value * value;
    }
    return square > 0 ? product / Math.sqrt(square) : 0;
  };
  const votes = new Int32Array(centers);
  for (let image = 0; image < images; image++) {
    const cosines = Array.from({ length: centers }, (_, center) => cosine(image, center));
    votes[cosines.indexOf(Math.max(...cosines))]++;
  }
  const dominant = votes.indexOf(Math.max(...votes));
  const angles = Float64Array.from({ length: images }, (_, image) => {
    const own = Math.min(1, Math.max(-1, cosine(image, dominant)));
    return (Math.acos(own) * 180) / Math.PI;
  });
  return { dominant, angles };
}

/** The addon is for Node. */
export const nativeImageFunctions = () => undefined;

import type { Window } from '../network/step.js';

/** Returns the sizes of a window in the order of the kernels' arguments. */
export const windowArguments = ({
  image: [h, w, c],
  kernel: [kh, kw],
  stride,
  pads: [top, left],
  out: [oh, ow],
}: Window) => [h, w, c, kh, kw, stride, stride, top, left, oh, ow] as const;

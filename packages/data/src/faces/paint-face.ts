import type { Random } from '@unitsphere/core/random';
import type { Context2D } from '../drawing/canvas.js';
import { Brush } from './brush.js';
import type { Conditions } from './conditions.js';
import { Head } from './head.js';
import type { FaceIdentity } from './identity.js';
import { paintBeard } from './parts/beard.js';
import { paintBrows, paintEyes } from './parts/eyes.js';
import { paintHair, paintHairBehind } from './parts/hair.js';
import { paintMouth } from './parts/mouth.js';
import { paintNose } from './parts/nose.js';
import { paintBackground, paintBody } from './parts/scene.js';
import { outline, paintEars, paintMarks, paintSkin } from './parts/skin.js';
import { paintEyewear, paintHeadwear } from './parts/wear.js';

/**
 * Paints a person's portrait on a square canvas, from back to front.
 * @param side Side of the canvas in pixels.
 * @param random Random stream for the blobs of the background.
 */
export function paintFace(
  context: Context2D,
  side: number,
  face: FaceIdentity,
  conditions: Conditions,
  random: Random,
): void {
  const head = new Head(face, conditions, side);
  const brush = new Brush(context, conditions.light, head.unit);
  context.setTransform(1, 0, 0, 1, 0, 0);
  paintBackground(brush, conditions, side, random);
  paintHairBehind(brush, head, face);
  paintBody(brush, head, face, conditions, side);
  paintEars(brush, head, face);
  brush.curve(outline(head));
  brush.withClip(() => {
    paintSkin(brush, head, face);
    paintMarks(brush, head, face);
    paintEyes(brush, head, face, conditions);
  });
  paintBeard(brush, head, face, conditions);
  paintMouth(brush, head, face, conditions);
  paintNose(brush, head, face, conditions);
  paintHair(brush, head, face);
  paintBrows(brush, head, face, conditions);
  paintHeadwear(brush, head, face, conditions);
  paintEyewear(brush, head, face, conditions);
}

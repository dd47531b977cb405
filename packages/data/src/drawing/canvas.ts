/** A gradient to fill or stroke with. */
export interface Gradient {
  addColorStop(offset: number, color: string): void;
}

/** The part of the Canvas 2D API that the generators use; a browser's contexts implement it. */
export interface Context2D {
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  lineCap: 'butt' | 'round' | 'square';
  lineJoin: 'bevel' | 'miter' | 'round';
  font: string;
  textAlign: 'left' | 'center' | 'right' | 'start' | 'end';
  textBaseline: 'alphabetic' | 'middle' | 'top' | 'bottom' | 'hanging' | 'ideographic';
  globalAlpha: number;
  save(): void;
  restore(): void;
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  translate(x: number, y: number): void;
  rotate(radians: number): void;
  scale(x: number, y: number): void;
  beginPath(): void;
  closePath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void;
  bezierCurveTo(c1x: number, c1y: number, c2x: number, c2y: number, x: number, y: number): void;
  arc(x: number, y: number, radius: number, start: number, end: number, counterclockwise?: boolean): void;
  ellipse(x: number, y: number, rx: number, ry: number, rotation: number, start: number, end: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  roundRect(x: number, y: number, width: number, height: number, radius: number): void;
  clip(): void;
  fill(): void;
  stroke(): void;
  setLineDash(segments: number[]): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number, maxWidth?: number): void;
  createLinearGradient(x0: number, y0: number, x1: number, y1: number): Gradient;
  createRadialGradient(x0: number, y0: number, r0: number, x1: number, y1: number, r1: number): Gradient;
  drawImage(surface: Surface, x: number, y: number, width?: number, height?: number): void;
  createImageData(width: number, height: number): { readonly data: Uint8ClampedArray | Uint8Array };
  putImageData(pixels: { readonly data: Uint8ClampedArray | Uint8Array }, x: number, y: number): void;
  getImageData(
    x: number,
    y: number,
    width: number,
    height: number,
  ): { readonly data: Uint8ClampedArray | Uint8Array };
}

/** A canvas. */
export interface Surface {
  readonly width: number;
  readonly height: number;
}

/** A font file of one of the packages that the document generator uses. */
export interface FontFile {
  /** Family name to register the font under; chosen so that no installed font has the same name. */
  readonly family: string;
  readonly weight: 400 | 700;
  /** The npm package that contains the file, such as `@fontsource/pt-sans`. */
  readonly package: string;
  /** Path of the file in the package, such as `files/pt-sans-latin-400-normal.woff`. */
  readonly file: string;
}

/** Creates canvases and loads fonts for the generators. */
export interface CanvasFactory {
  /** Creates a transparent canvas and its 2D context; its pixels are read back often. */
  createCanvas(width: number, height: number): { readonly surface: Surface; readonly context: Context2D };
  /** Makes the fonts available to every canvas of this factory; called once with all of them. */
  loadFonts(files: readonly FontFile[]): Promise<void>;
  /** Draws an SVG document as a surface. Optional: only Node's canvases draw it alike on every machine. */
  loadSvg?(svg: string): Promise<Surface>;
}

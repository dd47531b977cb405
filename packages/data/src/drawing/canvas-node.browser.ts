/** Replaces Node's canvases in a browser. @throws Error always. */
export async function nodeCanvasFactory(): Promise<never> {
  throw new Error('nodeCanvasFactory: not available in a browser; give canvases: browserCanvasFactory(...).');
}

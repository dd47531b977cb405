/** Node's canvases are not there in a browser. @throws Error always. */
export async function nodeCanvasFactory(): Promise<never> {
  throw new Error(
    'nodeCanvasFactory: in a browser say where to draw: give canvases, browserCanvasFactory(...).',
  );
}

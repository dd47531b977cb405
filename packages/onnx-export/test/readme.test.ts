import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { expect, test } from 'vitest';

test('runs the examples of the README', { timeout: 60_000 }, async () => {
  const [same, ratio, graphModel, files] = await runReadmeExamples(new URL('..', import.meta.url));
  expect(same.trim()).toBe('1.00000');
  expect(ratio.trim()).toBe('0.30');
  expect(graphModel.trim()).toBe('model.json weights.bin');
  expect(files).toContain('onnx/model_quantized.onnx');
});

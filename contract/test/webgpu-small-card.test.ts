import { testWithTuning } from './webgpu-tuning.js';

testWithTuning('a small graphics card', {
  broadcast: 0,
  reducers: 16,
  workgroupSize: 32,
  workgroupLimit: 128,
  targetGroups: 64,
});

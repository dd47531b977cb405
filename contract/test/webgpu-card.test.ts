import { testWithTuning } from './webgpu-tuning.js';

testWithTuning('a graphics card', { broadcast: 0, reducers: 64, targetGroups: 512 });

// Written by scripts/write-catalog.mjs. Do not edit: `npm run catalog -w packages/backbones`.
// biome-ignore format: a table
export const catalog = {
  lcnet_035: { parameters: 136810, multiplyAdds: 25852552, channels: [16, 24, 48, 88, 176], reductions: [2, 4, 8, 16, 32] },
  lcnet_050: { parameters: 270896, multiplyAdds: 43123328, channels: [16, 32, 64, 128, 256], reductions: [2, 4, 8, 16, 32] },
  lcnet_075: { parameters: 584488, multiplyAdds: 93014976, channels: [24, 48, 96, 192, 384], reductions: [2, 4, 8, 16, 32] },
  lcnet_100: { parameters: 1016160, multiplyAdds: 153765120, channels: [32, 64, 128, 256, 512], reductions: [2, 4, 8, 16, 32] },
  lcnet_150: { parameters: 2235792, multiplyAdds: 331925376, channels: [48, 96, 192, 384, 768], reductions: [2, 4, 8, 16, 32] },
  mobilenetv3_small_050: { parameters: 272288, multiplyAdds: 22869776, channels: [16, 8, 16, 24, 288], reductions: [2, 4, 8, 16, 32] },
  mobilenetv3_small_075: { parameters: 573480, multiplyAdds: 41932976, channels: [16, 16, 24, 40, 432], reductions: [2, 4, 8, 16, 32] },
  mobilenetv3_small_100: { parameters: 927008, multiplyAdds: 54896576, channels: [16, 16, 24, 48, 576], reductions: [2, 4, 8, 16, 32] },
  mobilenetv3_large_075: { parameters: 1789648, multiplyAdds: 152359024, channels: [16, 24, 32, 88, 720], reductions: [2, 4, 8, 16, 32] },
  mobilenetv3_large_100: { parameters: 2971952, multiplyAdds: 214080960, channels: [16, 24, 40, 112, 960], reductions: [2, 4, 8, 16, 32] },
};

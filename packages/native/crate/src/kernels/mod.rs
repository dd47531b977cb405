//! The kernels under the names and with the arguments of `@unitsphere/ops`' WebAssembly kernels.
pub mod act;
pub mod attention;
pub mod batch_norm;
pub mod channels;
pub mod conv;
pub mod depthwise;
pub mod finish;
pub mod fused;
pub mod gemm;
pub mod margin_softmax;
pub mod norm;
pub mod optimizers;
pub mod pack;
pub mod patches;
pub mod pixels;
pub mod pool;
pub mod prelu;
pub mod program;
pub mod softmax;
pub mod strip;
pub mod winograd;

use crate::heap::Args;

/// A kernel. Returns what its WebAssembly counterpart returns, or 0.
pub type Kernel = unsafe fn(&mut Args) -> f64;

macro_rules! table {
    ($name:ident, $features:literal, $simd:ty) => {
        pub fn $name() -> &'static [(&'static str, Kernel)] {
            macro_rules! kernel {
                ($path:expr) => {{
                    #[target_feature(enable = $features)]
                    unsafe fn kernel(args: &mut Args) -> f64 {
                        ($path)(args)
                    }
                    kernel as Kernel
                }};
            }
            unsafe fn run_program(args: &mut Args) -> f64 {
                program::run(args, $name());
                0.0
            }
            type S = $simd;
            &[
                ("runProgram", run_program as Kernel),
                ("gemm", kernel!(gemm::gemm::<S>)),
                ("gemmBfloat16", kernel!(gemm::gemm_bfloat16::<S>)),
                ("gemmScratchBytes", kernel!(gemm::gemm_scratch_bytes::<S>)),
                ("convThin", kernel!(conv::convolve::<S>)),
                ("convThinBackpropFilter", kernel!(conv::backprop_filter::<S>)),
                ("convolve", kernel!(conv::convolve::<S>)),
                ("convolveBackpropFilter", kernel!(conv::backprop_filter::<S>)),
                ("convolveBackpropInput", kernel!(conv::backprop_input::<S>)),
                ("turnFilter", kernel!(conv::turn_filter::<S>)),
                ("im2col", kernel!(conv::im2col::<S>)),
                ("col2im", kernel!(conv::col2im::<S>)),
                ("depthwise", kernel!(depthwise::depthwise::<S>)),
                ("depthwisePadded", kernel!(depthwise::depthwise_padded::<S>)),
                ("depthwiseBackpropInput", kernel!(depthwise::backprop_input::<S>)),
                ("depthwiseBackpropFilter", kernel!(depthwise::backprop_filter::<S>)),
                ("depthwiseFused", kernel!(depthwise::depthwise_fused::<S>)),
                ("convFused", kernel!(fused::conv_fused::<S>)),
                ("winogradFused", kernel!(fused::winograd_fused::<S>)),
                ("transformFilter", kernel!(fused::transform_filter::<S>)),
                ("transformedFilterFloats", kernel!(fused::transformed_filter_floats::<S>)),
                ("panelWidth", kernel!(fused::panel_width::<S>)),
                ("selfAttention", kernel!(attention::self_attention::<S>)),
                ("selfAttentionForward", kernel!(attention::self_attention_forward::<S>)),
                ("selfAttentionBackward", kernel!(attention::self_attention_backward::<S>)),
                ("softmaxRows", kernel!(softmax::softmax_rows::<S>)),
                ("softmaxRowsGrad", kernel!(softmax::softmax_rows_grad::<S>)),
                ("addActivation", kernel!(fused::add_activation::<S>)),
                ("lookUpPixels", kernel!(pixels::look_up_pixels::<S>)),
                ("moments", kernel!(batch_norm::moments::<S>)),
                ("activation", kernel!(act::activation::<S>)),
                ("activationGrad", kernel!(act::activation_grad::<S>)),
                ("l2Normalize", kernel!(norm::l2_normalize::<S>)),
                ("l2NormalizeGrad", kernel!(norm::l2_normalize_grad::<S>)),
                ("layerNorm", kernel!(norm::layer_norm::<S>)),
                ("layerNormGrad", kernel!(norm::layer_norm_grad::<S>)),
                ("gatherRows", kernel!(channels::gather_rows::<S>)),
                ("scatterAddRows", kernel!(channels::scatter_add_rows::<S>)),
                ("adamW", kernel!(optimizers::adam_w::<S>)),
                ("adamWRows", kernel!(optimizers::adam_w_rows::<S>)),
                ("sgd", kernel!(optimizers::sgd::<S>)),
                ("movingAverage", kernel!(optimizers::moving_average::<S>)),
                ("sumSquares", kernel!(optimizers::sum_squares::<S>)),
                ("marginSoftmaxScratchBytes", kernel!(margin_softmax::scratch_bytes::<S>)),
                ("marginSoftmaxForward", kernel!(margin_softmax::forward::<S>)),
                ("marginSoftmaxBackward", kernel!(margin_softmax::backward::<S>)),
                ("globalAveragePool", kernel!(channels::global_average_pool::<S>)),
                ("globalAveragePoolGrad", kernel!(channels::global_average_pool_grad::<S>)),
                ("scaleChannels", kernel!(channels::scale_channels::<S>)),
                ("scaleChannelsGradGate", kernel!(channels::scale_channels_grad_gate::<S>)),
                ("addBias", kernel!(channels::add_bias::<S>)),
                ("columnSums", kernel!(channels::column_sums::<S>)),
                ("maxPool", kernel!(pool::max_pool::<S>)),
                ("maxPoolGrad", kernel!(pool::max_pool_grad::<S>)),
                ("prelu", kernel!(prelu::prelu::<S>)),
                ("preluGradInput", kernel!(prelu::grad_input::<S>)),
                ("preluGradSlope", kernel!(prelu::grad_slope::<S>)),
                ("affine0", kernel!(batch_norm::affine::<S, { act::NONE }>)),
                ("affine1", kernel!(batch_norm::affine::<S, { act::RELU }>)),
                ("affine2", kernel!(batch_norm::affine::<S, { act::HARD_SWISH }>)),
                ("affine3", kernel!(batch_norm::affine::<S, { act::HARD_SIGMOID }>)),
                ("affine4", kernel!(batch_norm::affine::<S, { act::RELU6 }>)),
                ("affine5", kernel!(batch_norm::affine::<S, { act::SILU }>)),
                ("affine6", kernel!(batch_norm::affine::<S, { act::SIGMOID }>)),
                ("affinePrelu", kernel!(batch_norm::affine::<S, { act::PRELU }>)),
                ("batchNormGradSums0", kernel!(batch_norm::grad_sums::<S, { act::NONE }>)),
                ("batchNormGradSums1", kernel!(batch_norm::grad_sums::<S, { act::RELU }>)),
                ("batchNormGradSums2", kernel!(batch_norm::grad_sums::<S, { act::HARD_SWISH }>)),
                ("batchNormGradSums3", kernel!(batch_norm::grad_sums::<S, { act::HARD_SIGMOID }>)),
                ("batchNormGradSums4", kernel!(batch_norm::grad_sums::<S, { act::RELU6 }>)),
                ("batchNormGradSums5", kernel!(batch_norm::grad_sums::<S, { act::SILU }>)),
                ("batchNormGradSums6", kernel!(batch_norm::grad_sums::<S, { act::SIGMOID }>)),
                ("batchNormGradSumsPrelu", kernel!(batch_norm::grad_sums::<S, { act::PRELU }>)),
                ("batchNormGradInput0", kernel!(batch_norm::grad_input::<S, { act::NONE }>)),
                ("batchNormGradInput1", kernel!(batch_norm::grad_input::<S, { act::RELU }>)),
                ("batchNormGradInput2", kernel!(batch_norm::grad_input::<S, { act::HARD_SWISH }>)),
                ("batchNormGradInput3", kernel!(batch_norm::grad_input::<S, { act::HARD_SIGMOID }>)),
                ("batchNormGradInput4", kernel!(batch_norm::grad_input::<S, { act::RELU6 }>)),
                ("batchNormGradInput5", kernel!(batch_norm::grad_input::<S, { act::SILU }>)),
                ("batchNormGradInput6", kernel!(batch_norm::grad_input::<S, { act::SIGMOID }>)),
                ("batchNormGradInputPrelu", kernel!(batch_norm::grad_input::<S, { act::PRELU }>)),
            ]
        }
    };
}

#[cfg(target_arch = "x86_64")]
table!(avx512, "avx512f,avx512bw,avx512vl,avx512dq,fma", crate::simd::avx512::Avx512);
#[cfg(target_arch = "x86_64")]
table!(avx2, "avx2,fma", crate::simd::avx2::Avx2);
#[cfg(target_arch = "aarch64")]
table!(neon, "neon", crate::simd::neon::Neon);

/// The kernels of an instruction set; empty if this build does not have it.
pub fn of(isa: &str) -> &'static [(&'static str, Kernel)] {
    match isa {
        #[cfg(target_arch = "x86_64")]
        "avx512" => avx512(),
        #[cfg(target_arch = "x86_64")]
        "avx2" => avx2(),
        #[cfg(target_arch = "aarch64")]
        "neon" => neon(),
        _ => &[],
    }
}

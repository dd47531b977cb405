import * as tf from '@tensorflow/tfjs-core';

/** Activations that ops fuse, by timm's names. */
type Activation = 'none' | 'relu' | 'hard_swish' | 'hard_sigmoid' | 'relu6' | 'silu' | 'sigmoid';
/**
 * x · clip(x + 3, 0, 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019), as torch.nn.functional.hardswish.
 * @param x float32, any shape.
 * @returns The same shape.
 */
declare function hardSwish<T extends tf.Tensor>(x: T): T;
/** clip(x + 3, 0, 6) / 6, as torch.nn.functional.hardsigmoid. @param x float32, any shape. */
declare function hardSigmoid<T extends tf.Tensor>(x: T): T;
/** max(x, 0); the gradient at 0 is 0, as in PyTorch. @param x float32, any shape. */
declare function relu<T extends tf.Tensor>(x: T): T;
/** min(max(x, 0), 6), as torch.nn.functional.relu6. @param x float32, any shape. */
declare function relu6<T extends tf.Tensor>(x: T): T;
/** x · sigmoid(x), also called swish, as torch.nn.functional.silu. @param x float32, any shape. */
declare function silu<T extends tf.Tensor>(x: T): T;
/** 1 / (1 + exp(−x)), as torch.sigmoid. @param x float32, any shape. */
declare function sigmoid<T extends tf.Tensor>(x: T): T;

/** What batch norm needs beside its tensors. */
interface BatchNormOptions {
    /** Added to the variance. Default 1e-5, as in PyTorch. */
    epsilon?: number;
    /** Applied to the result in the same pass. Default 'none'. */
    activation?: Activation;
}
/**
 * Batch norm with the batch's own statistics (Ioffe & Szegedy, 2015), with its gradient, as torch's in training mode.
 * @param x float32 [..., channels]; statistics are taken over all other axes.
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @returns y, as x; and the batch's mean and biased variance, float32 [channels], for the running averages.
 * @throws Error on a wrong rank, dtype or length, or when there are fewer than 2 values a channel.
 */
declare function batchNormTrain<T extends tf.Tensor>(x: T, gamma: tf.Tensor1D, beta: tf.Tensor1D, { epsilon, activation }?: BatchNormOptions): {
    y: T;
    mean: tf.Tensor1D;
    variance: tf.Tensor1D;
};
/**
 * Batch norm with given statistics, as torch's in evaluation mode; differentiable in x, gamma and beta.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param mean float32 [channels], running mean.
 * @param variance float32 [channels], running variance.
 * @returns As x.
 * @throws Error on a wrong rank, dtype or length.
 */
declare function batchNormInference<T extends tf.Tensor>(x: T, gamma: tf.Tensor1D, beta: tf.Tensor1D, mean: tf.Tensor1D, variance: tf.Tensor1D, { epsilon, activation }?: BatchNormOptions): T;

/**
 * {@link batchNormTrain} and {@link prelu} behind it, in one pass forward and one backward: nothing between them is kept
 * in memory.
 * @param x float32 [..., channels]; statistics are taken over all other axes.
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @param options.epsilon Added to the variance. Default 1e-5, as in PyTorch.
 * @returns y, as x; and the batch's mean and biased variance, float32 [channels], for the running averages.
 * @throws Error on a wrong rank, dtype or length, or when there are fewer than 2 values a channel.
 */
declare function batchNormPreluTrain<T extends tf.Tensor>(x: T, gamma: tf.Tensor1D, beta: tf.Tensor1D, slope: tf.Tensor1D, { epsilon }?: {
    epsilon?: number;
}): {
    y: T;
    mean: tf.Tensor1D;
    variance: tf.Tensor1D;
};
/**
 * {@link batchNormInference} and {@link prelu} behind it, in one pass; differentiable in x, gamma, beta and slope.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param mean float32 [channels], running mean.
 * @param variance float32 [channels], running variance.
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @param options.epsilon Added to the variance. Default 1e-5, as in PyTorch.
 * @returns As x.
 * @throws Error on a wrong rank, dtype or length.
 */
declare function batchNormPreluInference<T extends tf.Tensor>(x: T, gamma: tf.Tensor1D, beta: tf.Tensor1D, mean: tf.Tensor1D, variance: tf.Tensor1D, slope: tf.Tensor1D, { epsilon }?: {
    epsilon?: number;
}): T;

/** How a convolution slides: PyTorch's stride and symmetric zero padding, in pixels. */
interface Window {
    stride: number;
    padding: number;
}

/**
 * 2-D convolution (cross-correlation), as torch.nn.functional.conv2d without bias, groups or dilation, with the
 * precision of setFloat32MatmulPrecision.
 * @param x float32 [batch, height, width, inChannels].
 * @param filter float32 [kernelHeight, kernelWidth, inChannels, outChannels] (HWIO).
 * @param window stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, outChannels], sizes floor((size + 2·padding − kernel) / stride) + 1.
 * @throws Error on a wrong rank, dtype or channel count, or when the kernel is larger than the padded image.
 */
declare function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D;

/**
 * The multiply-accumulates of the convolutions and matrix products that fn runs, as fvcore and timm count them: one for
 * each product in a sum; norms, activations, pools and sums are left out, as are gradients.
 * @param fn Runs operations of this package, on the current backend; its tensors are its own to free.
 * @throws Error inside another count.
 */
declare function countMultiplyAdds(fn: () => void): number;

/**
 * How many values are infinite or NaN. It has no gradient.
 * @param x float32, any shape; an empty one has none.
 * @returns int32 scalar.
 * @throws Error on a wrong dtype.
 */
declare function countNonFinite(x: tf.Tensor): tf.Scalar;

/**
 * float32 values as bfloat16's 16 bits, rounded to the nearest, ties to even, as PyTorch's `to(torch.bfloat16)`. What is
 * too large is infinite; every NaN is 0x7fc0.
 * @param values float32.
 * @returns One pattern a value; `new Float32Array(Uint32Array.from(patterns, (bits) => bits << 16).buffer)` has the values.
 */
declare function toBfloat16(values: Float32Array): Uint16Array;

/** How precise the products of float32 matrices are, in PyTorch's words, from the most precise down. */
declare const MATMUL_PRECISIONS: readonly ["highest", "high", "medium"];
/**
 * `highest`: float32 throughout. `high`: inputs of TensorFloat-32's 10 stored bits. `medium`: inputs of bfloat16's 7. Sums
 * are float32 in all of them.
 */
type MatmulPrecision = (typeof MATMUL_PRECISIONS)[number];
/** The operations that are products, with their gradients: what a precision acts on. */
declare const PRODUCT_KINDS: readonly ["matMul", "pointwiseConv2d", "conv2d", "selfAttention"];
/** `matMul` is `linear` too; `pointwiseConv2d` is `conv2d` with a 1×1 filter. */
type ProductKind = (typeof PRODUCT_KINDS)[number];
/** What takes the place of the precision that is set, for a while. */
interface ProductPolicy {
    /** The precision of these kinds; the others keep theirs. */
    precisions: {
        readonly [Kind in ProductKind]?: MatmulPrecision;
    };
    /** Whether results of products below `highest` are rounded to bfloat16, too. Default false. */
    roundOutputs?: boolean;
}
/**
 * Sets how precise products are from now on, as torch.set_float32_matmul_precision; `highest` at the start. It acts on
 * `matMul` and `linear`, `conv2d` of every kernel size and `selfAttention`. A product's gradients are computed with the
 * precision that was set when the product was, so that the scope of a setting is that of the forward pass. In PyTorch the
 * setting leaves convolutions to cuDNN's own switch (torch.backends.cudnn.allow_tf32, on by default); here they follow it.
 * Depthwise and grouped convolutions, norms, losses and cosines stay float32.
 * @param precision `highest`, `high` or `medium`.
 * @throws RangeError for another word.
 */
declare function setFloat32MatmulPrecision(precision: MatmulPrecision): void;
/** What setFloat32MatmulPrecision was last given. */
declare function getFloat32MatmulPrecision(): MatmulPrecision;
/**
 * Runs fn with this precision, and sets it back.
 * @param fn Not async: what runs after it has returned has the precision of before.
 * @returns What fn returns.
 * @throws RangeError for another word; TypeError where fn returns a promise; what fn throws.
 */
declare function withFloat32MatmulPrecision<T>(precision: MatmulPrecision, fn: () => T): T;
/**
 * Runs fn with precisions by kind of product; autocast of @unitsphere/mixed-precision is made of it.
 * @param fn Not async.
 * @throws RangeError for an unknown kind or precision; TypeError where fn returns a promise; what fn throws.
 */
declare function withProductPolicy<T>(policy: ProductPolicy, fn: () => T): T;

/**
 * Depthwise convolution with one filter a channel: torch.nn.functional.conv2d with groups = channels, without bias.
 * Always float32, whatever setFloat32MatmulPrecision says, as in PyTorch, whose own depthwise kernel multiplies float32.
 * @param x float32 [batch, height, width, channels].
 * @param filter float32 [kernelHeight, kernelWidth, channels, 1].
 * @param window stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, channels].
 * @throws Error on a wrong rank, dtype or channel count, a channel multiplier other than 1, or a kernel that does not fit.
 */
declare function depthwiseConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D;

/**
 * Rows of x by number; the gradient adds up where a row is taken twice. Numbers are checked on the
 * WASM backend; elsewhere a download would cost more than the operation.
 * @param x float32 [rows, dimensions].
 * @param ids int32 [count], each in [0, rows).
 * @returns float32 [count, dimensions].
 * @throws Error on a wrong rank or dtype; on WASM, RangeError for a number outside the rows.
 */
declare function gatherRows(x: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D;
/**
 * Sums rows of x that share a number: out[ids[i]] += x[i].
 * @param x float32 [count, dimensions].
 * @param ids int32 [count], each in [0, rows).
 * @param rows the number of rows of the result.
 * @returns float32 [rows, dimensions], zero where no row fell.
 * @throws Error on a wrong rank or dtype, when the counts differ, or when rows is not a positive integer.
 */
declare function scatterAddRows(x: tf.Tensor2D, ids: tf.Tensor1D, rows: number): tf.Tensor2D;

/**
 * x times the normal distribution's cumulative probability of x (Hendrycks & Gimpel, 2016), as
 * torch.nn.functional.gelu without approximation. @param x float32, any shape.
 */
declare function gelu<T extends tf.Tensor>(x: T): T;

/**
 * The mean over height and width.
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, channels].
 * @throws Error on a wrong rank or dtype.
 */
declare function globalAveragePool(x: tf.Tensor4D): tf.Tensor2D;

/**
 * 2-D convolution in groups of channels, as torch.nn.functional.conv2d with groups, without bias or dilation: output o
 * sees the input channels of its group alone. Made of depthwise convolutions, one for each input channel of a group, so
 * meant for small groups, and always float32.
 * @param x float32 [batch, height, width, inChannels].
 * @param filter float32 [kernelHeight, kernelWidth, inChannels / groups, outChannels].
 * @param window stride and zero padding on every side, in pixels.
 * @returns float32 [batch, outHeight, outWidth, outChannels].
 * @throws Error on a wrong rank or dtype, groups that do not divide the channels, or a kernel that does not fit.
 */
declare function groupedConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, window: Window): tf.Tensor4D;

/**
 * Each row at unit length: x / max(|x|, epsilon), as torch.nn.functional.normalize.
 * @param x float32 [rows, dimensions].
 * @param epsilon the smallest norm divided by; default 1e-12.
 * @returns As x.
 * @throws Error on a wrong rank or dtype.
 */
declare function l2Normalize(x: tf.Tensor2D, epsilon?: number): tf.Tensor2D;
/**
 * The gradient of l2Normalize by hand, for code that is not on a tape.
 * @param x float32 [rows, dimensions]: l2Normalize's input.
 * @param dy float32 [rows, dimensions]: the gradient by its output.
 * @returns float32 [rows, dimensions]: the gradient by x.
 * @throws Error on a wrong rank or dtype, or where the sizes differ.
 */
declare function l2NormalizeGradient(x: tf.Tensor2D, dy: tf.Tensor2D, epsilon?: number): tf.Tensor2D;
/**
 * The cosine of every embedding with every class centre; both are put on the unit sphere first. Float32 whatever
 * setFloat32MatmulPrecision says.
 * @param embeddings float32 [batch, dimensions].
 * @param classCenters float32 [classes, dimensions].
 * @returns float32 [batch, classes], in [−1, 1] up to rounding.
 * @throws Error on a wrong rank or dtype, or when the dimensions differ.
 */
declare function cosineLogits(embeddings: tf.Tensor2D, classCenters: tf.Tensor2D): tf.Tensor2D;

/**
 * Layer norm over the last axis (Ba, Kiros & Hinton, 2016), as torch.nn.functional.layer_norm.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param options.epsilon added to the variance; default 1e-5.
 * @returns As x.
 * @throws Error on a wrong rank, dtype or length.
 */
declare function layerNorm<T extends tf.Tensor>(x: T, gamma: tf.Tensor1D, beta: tf.Tensor1D, { epsilon }?: {
    epsilon?: number;
}): T;

/**
 * The matrix product of a and b, each as given or transposed, with the precision of setFloat32MatmulPrecision.
 * @param a float32 [m, k], or [k, m] when transposeA.
 * @param b float32 [k, n], or [n, k] when transposeB.
 * @returns float32 [m, n].
 * @throws Error on a wrong rank or dtype, or when the inner sizes differ.
 */
declare function matMul(a: tf.Tensor2D, b: tf.Tensor2D, transposeA?: boolean, transposeB?: boolean): tf.Tensor2D;
/**
 * x · weightᵀ + bias, as torch.nn.functional.linear, the product with the precision of setFloat32MatmulPrecision.
 * @param x float32 [batch, inFeatures].
 * @param weight float32 [outFeatures, inFeatures], PyTorch's layout.
 * @param bias float32 [outFeatures], if there is one.
 * @returns float32 [batch, outFeatures].
 * @throws Error on a wrong rank or dtype, or when the feature counts differ.
 */
declare function linear(x: tf.Tensor2D, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D;
/**
 * x + bias along the last axis.
 * @param x float32 [..., channels].
 * @param bias float32 [channels].
 * @throws Error when the channel counts differ.
 */
declare function addBias<T extends tf.Tensor>(x: T, bias: tf.Tensor1D): T;

/** The settings of both passes. */
interface MarginSoftmaxOptions {
    /** What the cosines are multiplied by. */
    scale: number;
    /**
     * Interclass filtering, as insightface's: a cosine above it in a column other than the label's counts as 0 and has
     * no gradient. Default 0: no filtering.
     */
    filterThreshold?: number;
}
/** What the softmax over these classes is made of; a class elsewhere can still be added. */
interface MarginSoftmaxSums {
    /** float32 [B]: each row's cosine with its label's centre; 0 where the label is not here. */
    own: tf.Tensor1D;
    /** float32 [B]: the largest scale · cosine over the columns that are not the label's; −1e30 where there is none. */
    rowMax: tf.Tensor1D;
    /** float32 [B]: the sum of exp(scale · cosine − rowMax) over those columns; 0 where there is none. */
    rowSum: tf.Tensor1D;
    /** float32 [C]: one over the length of each centre (over at least 1e-12). */
    inverseNorms: tf.Tensor1D;
}
/** What the backward pass needs beside the forward pass's inputs. */
interface MarginSoftmaxBackwardInputs {
    /** float32 [B, D], rows of unit length. */
    embeddings: tf.Tensor2D;
    /** float32 [C, D], of any length. */
    centers: tf.Tensor2D;
    /** int32 [B]: the label's column here, or −1. */
    labels: tf.Tensor1D;
    /** float32 [C], of the forward pass. */
    inverseNorms: tf.Tensor1D;
    /** float32 [B]: the log of the sum of exp(logit) over all classes, wherever they are, the label's with its margin. */
    logSumExp: tf.Tensor1D;
    /** float32 [B]: the loss's derivative by the cosine in the label's column. */
    ownGradient: tf.Tensor1D;
}
/** The settings of the backward pass. */
interface MarginSoftmaxBackwardOptions extends MarginSoftmaxOptions {
    /** How many rows the loss is the mean of. */
    rows: number;
}
/**
 * The first half of a margin softmax over class centres of which only a part may be here: what the label's margin, the
 * other parts and the loss are then put together from. The logits are not kept where the backend has a kernel of ours.
 * It has no gradient of its own: {@link marginSoftmaxBackward} is the second half.
 * @param embeddings float32 [B, D], rows of unit length.
 * @param centers float32 [C, D], of any length.
 * @param labels int32 [B]: the column of the row's class, or −1 where it is not here. Not checked: it would cost a
 *   download.
 * @throws Error on a wrong rank, dtype or size, or where an option is out of range.
 */
declare function marginSoftmaxForward(embeddings: tf.Tensor2D, centers: tf.Tensor2D, labels: tf.Tensor1D, options: MarginSoftmaxOptions): MarginSoftmaxSums;
/**
 * The second half: the gradients of the loss's mean over `rows` rows.
 * @returns dEmbeddings float32 [B, D], by the rows of unit length, the part that these classes add; dCenters float32
 *   [C, D], by the centres as they are, through their normalisation.
 * @throws Error on a wrong rank, dtype or size, or where an option is out of range.
 */
declare function marginSoftmaxBackward(inputs: MarginSoftmaxBackwardInputs, options: MarginSoftmaxBackwardOptions): {
    dEmbeddings: tf.Tensor2D;
    dCenters: tf.Tensor2D;
};

/** A square window that slides. */
interface PoolWindow extends Window {
    kernelSize: number;
}
/**
 * The largest value of each window, as torch.nn.functional.max_pool2d; where several share it, the gradient goes to the
 * first, row by row. NaN wins in kernels of ours, as in PyTorch, and the last one takes the gradient; the
 * stock ones elsewhere pass over it.
 * @param x float32 [batch, height, width, channels].
 * @param window size, stride and padding in pixels; padding never wins.
 * @returns float32 [batch, outHeight, outWidth, channels], sizes floor((size + 2·padding − kernel) / stride) + 1.
 * @throws Error on a wrong rank or dtype, a padding of more than half the kernel, or a kernel that does not fit.
 */
declare function maxPool2d(x: tf.Tensor4D, window: PoolWindow): tf.Tensor4D;

/**
 * Moves a running average: average ← (1 − momentum) · average + momentum · factor · latest.
 * @param average float32 variable, any shape; changed.
 * @param latest float32, the same shape.
 * @param momentum Weight of the latest, in [0, 1].
 * @param factor Multiplies the latest first. Default 1.
 * @throws Error when the shapes differ.
 */
declare function updateMovingAverage(average: tf.Variable, latest: tf.Tensor, momentum: number, factor?: number): void;

/** One parameter's numbers for one step of AdamW. */
interface AdamWStep {
    /** Learning rate. */
    lr: number;
    /** Decay of the running mean of gradients. */
    beta1: number;
    /** Decay of the running mean of squared gradients. */
    beta2: number;
    /** Added to the root of the running mean of squares. */
    eps: number;
    /** Decoupled decay: the parameter is multiplied by 1 − lr · weightDecay. */
    weightDecay: number;
    /** This parameter's step, counted from 1. */
    step: number;
    /** The gradient is multiplied by it first. Default 1. */
    gradientScale?: number;
}
/** One parameter's numbers for one step of SGD. */
interface SgdStep {
    /** Learning rate. */
    lr: number;
    /** What is kept of the momentum buffer; 0 for none. */
    momentum: number;
    /** How much of the gradient is kept from entering the momentum buffer; not at the first step. */
    dampening: number;
    /** Look ahead along the momentum. */
    nesterov: boolean;
    /** Coupled decay: weightDecay · parameter is added to the gradient. */
    weightDecay: number;
    /** This parameter's step, counted from 1: the first one fills the momentum buffer with the gradient. */
    step: number;
    /** The gradient is multiplied by it first. Default 1. */
    gradientScale?: number;
}
/**
 * One step of AdamW, as torch.optim.AdamW (without amsgrad): assigns the parameter and its two running means.
 * @param parameter float32 of any shape.
 * @param gradient float32, the parameter's shape; not disposed.
 * @param expAvg float32, the parameter's shape: the running mean of gradients.
 * @param expAvgSq float32, the parameter's shape: the running mean of squared gradients.
 * @throws Error where a shape or dtype differs.
 * @see Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
 */
declare function adamWUpdate(parameter: tf.Variable, gradient: tf.Tensor, expAvg: tf.Variable, expAvgSq: tf.Variable, { lr, beta1, beta2, eps, weightDecay, step, gradientScale }: AdamWStep): void;
/**
 * One step of stochastic gradient descent, as torch.optim.SGD: assigns the parameter and its momentum buffer.
 * @param parameter float32 of any shape.
 * @param gradient float32, the parameter's shape; not disposed.
 * @param momentumBuffer float32, the parameter's shape; null where momentum is 0.
 * @throws Error where a shape or dtype differs, or momentum is not 0 and there is no buffer.
 */
declare function sgdUpdate(parameter: tf.Variable, gradient: tf.Tensor, momentumBuffer: tf.Variable | null, { lr, momentum, dampening, nesterov, weightDecay, step, gradientScale }: SgdStep): void;
/**
 * The sum of the squares of all values, for the norm of gradients. It has no gradient of its own.
 * @param x float32, any shape.
 * @returns float32 scalar.
 */
declare function sumSquares(x: tf.Tensor): tf.Scalar;

/** What a kind of product does on a backend. */
interface ProductReport {
    /** The precision that was asked for. */
    requested: MatmulPrecision;
    /** The arithmetic that takes place, in words. */
    did: string;
}
/** What a precision comes to on the current backend. */
interface MatmulPrecisionReport {
    /** TensorFlow.js's name of the backend. */
    backend: string;
    /** What setFloat32MatmulPrecision was given. */
    requested: MatmulPrecision;
    products: Record<ProductKind, ProductReport>;
}
/**
 * Tells what products really do at this moment on the current backend, gradients included: kernels decide by the same
 * precision and the same features of the device. Everything that is not listed is float32.
 * @throws Error where no backend is ready.
 */
declare function describeMatmulPrecision(): MatmulPrecisionReport;

/**
 * Each value rounded to bfloat16 (8 bits of significand, float32's range) and kept as float32: to the nearest, ties to
 * even, bit for bit as PyTorch's `x.to(torch.bfloat16).float()`; NaN is the quiet NaN. The gradient passes straight
 * through, unrounded (Bengio et al., 2013, arXiv:1308.3432).
 * @param x float32, any shape.
 * @returns As x.
 * @throws Error on a wrong dtype.
 */
declare function roundToBfloat16<T extends tf.Tensor>(x: T): T;
/**
 * Each value rounded to TensorFloat-32 (11 bits of significand, float32's range) and kept as float32: to the nearest, ties
 * to even. NVIDIA's converter rounds ties away from zero. The gradient passes straight through.
 * @param x float32, any shape.
 * @returns As x.
 * @throws Error on a wrong dtype.
 */
declare function roundToTensorFloat32<T extends tf.Tensor>(x: T): T;

/**
 * x where it is positive, else slope · x (He et al., "Delving Deep into Rectifiers", 2015), as
 * torch.nn.functional.prelu.
 * @param x float32 [..., channels].
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @returns As x.
 * @throws Error on a wrong dtype or a slope of another length.
 */
declare function prelu<T extends tf.Tensor>(x: T, slope: tf.Tensor1D): T;

/**
 * x · sigmoid(1.702 · x), the approximation of GELU that OpenAI's CLIP was trained with (Hendrycks & Gimpel, 2016; timm's
 * quick_gelu). @param x float32, any shape.
 */
declare function quickGelu<T extends tf.Tensor>(x: T): T;

/** The numbers of one step of AdamW that all rows share. */
interface AdamWRowsStep {
    /** Learning rate. */
    lr: number;
    /** Decay of the running mean of gradients. */
    beta1: number;
    /** Decay of the running mean of squared gradients. */
    beta2: number;
    /** Added to the root of the running mean of squares. */
    eps: number;
    /** Decoupled decay: a row is multiplied by 1 − lr · weightDecay. */
    weightDecay: number;
    /** Each row's step, counted from 1: the bias of its running means is undone by it. */
    steps: Int32Array;
    /** The gradient is multiplied by it first. Default 1. */
    gradientScale?: number;
}
/** The numbers of one step of SGD that all rows share. */
interface SgdRowsStep {
    /** Learning rate. */
    lr: number;
    /** What is kept of the momentum buffer; 0 for none. */
    momentum: number;
    /** How much of the gradient is kept from entering the momentum buffer; not at a row's first step. */
    dampening: number;
    /** Look ahead along the momentum. */
    nesterov: boolean;
    /** Coupled decay: weightDecay · row is added to the gradient. */
    weightDecay: number;
    /** Each row's step, counted from 1: the first one fills its momentum buffer with the gradient. */
    steps: Int32Array;
    /** The gradient is multiplied by it first. Default 1. */
    gradientScale?: number;
}
/**
 * Assigns rows of a variable, where the backend can without a copy of the rest. The variable must not share its values
 * with another tensor (a clone, or the tensor that it was made of): on WebAssembly and WebGPU they change where they lie.
 * @param table float32 [rows, dimensions].
 * @param ids int32 [n], each in [0, rows), each once; not checked, as that would cost a download.
 * @param rows float32 [n, dimensions].
 * @throws Error on a wrong rank, dtype or size.
 */
declare function assignRows(table: tf.Variable, ids: tf.Tensor1D, rows: tf.Tensor2D): void;
/**
 * One step of AdamW on rows of a variable and of its two running means; the other rows stay as they are. A row's step
 * count is its own. The three must not share their values with another tensor: see {@link assignRows}.
 * @param parameter float32 [rows, dimensions].
 * @param expAvg float32, the parameter's shape: the running mean of gradients.
 * @param expAvgSq float32, the parameter's shape: the running mean of squared gradients.
 * @param ids int32 [n]: the rows, each once; not checked.
 * @param gradient float32 [n, dimensions]; not disposed.
 * @throws Error on a wrong rank, dtype or size.
 */
declare function adamWUpdateRows(parameter: tf.Variable, expAvg: tf.Variable, expAvgSq: tf.Variable, ids: tf.Tensor1D, gradient: tf.Tensor2D, { lr, beta1, beta2, eps, weightDecay, steps, gradientScale }: AdamWRowsStep): void;
/**
 * One step of stochastic gradient descent on rows of a variable and of its momentum buffer; the other rows stay as they
 * are. The two must not share their values with another tensor: see {@link assignRows}.
 * @param parameter float32 [rows, dimensions].
 * @param momentumBuffer float32, the parameter's shape; null where momentum is 0.
 * @param ids int32 [n]: the rows, each once; not checked.
 * @param gradient float32 [n, dimensions]; not disposed.
 * @throws Error on a wrong rank, dtype or size, or where momentum is not 0 and there is no buffer.
 */
declare function sgdUpdateRows(parameter: tf.Variable, momentumBuffer: tf.Variable | null, ids: tf.Tensor1D, gradient: tf.Tensor2D, { lr, momentum, dampening, nesterov, weightDecay, steps, gradientScale }: SgdRowsStep): void;

/**
 * x times one factor for each image and channel: the product at the end of squeeze-and-excitation (Hu et al., 2018).
 * @param x float32 [batch, height, width, channels].
 * @param gate float32 [batch, channels].
 * @returns As x.
 * @throws Error on a wrong rank or dtype, or when batch or channels differ.
 */
declare function scaleChannels(x: tf.Tensor4D, gate: tf.Tensor2D): tf.Tensor4D;

/**
 * x times one factor for each sample of the batch: what stochastic depth (Huang et al., 2016) does to a branch, with
 * factors of 0 or 1 / keep rate.
 * @param x float32 [batch, ...].
 * @param factors float32 [batch].
 * @returns As x.
 * @throws Error on a wrong dtype, or when the batches differ.
 */
declare function scaleSamples<T extends tf.Tensor>(x: T, factors: tf.Tensor1D): T;

/**
 * Attention of tokens to each other in several heads (Vaswani et al., 2017): softmax(q · kᵀ / sqrt(channels / heads)) · v
 * for each head, as timm's Attention between its two linear layers. Its products have the precision of
 * setFloat32MatmulPrecision; the softmax is float32.
 * @param qkv float32 [batch, tokens, 3 · channels]: queries, keys and values, each head after head.
 * @returns float32 [batch, tokens, channels].
 * @throws Error on a wrong rank or dtype, or heads that do not divide the channels.
 */
declare function selfAttention(qkv: tf.Tensor3D, heads: number): tf.Tensor3D;

/**
 * Float32 tensors whose values are written by a function: on WebAssembly where the tensors lie, elsewhere in arrays that
 * become theirs. It spares an array of each tensor's size in the host's memory, and a copy.
 * @param shapes One a tensor.
 * @param write Gets the values of each, row-major, and sets all of them: they may hold anything before. It makes no
 *   tensors, and the arrays are of no use after it.
 * @throws What write throws; no tensor is left then. On WebAssembly, Error where memory is full.
 */
declare function writeTensors(shapes: readonly (readonly number[])[], write: (values: Float32Array[]) => void): tf.Tensor[];
/**
 * Lets a function read the values of float32 tensors: on WebAssembly where they lie, elsewhere in a download.
 * @param read Gets the values of each, row-major, and changes none. It makes no tensors, and the arrays are of no use after
 *   it.
 * @returns What read returns.
 * @throws What read throws.
 */
declare function readTensors<T>(tensors: readonly tf.Tensor[], read: (values: Float32Array[]) => T): Promise<T>;

export { type Activation, type AdamWRowsStep, type AdamWStep, type BatchNormOptions, MATMUL_PRECISIONS, type MarginSoftmaxBackwardInputs, type MarginSoftmaxBackwardOptions, type MarginSoftmaxOptions, type MarginSoftmaxSums, type MatmulPrecision, type MatmulPrecisionReport, PRODUCT_KINDS, type PoolWindow, type ProductKind, type ProductPolicy, type ProductReport, type SgdRowsStep, type SgdStep, type Window, adamWUpdate, adamWUpdateRows, addBias, assignRows, batchNormInference, batchNormPreluInference, batchNormPreluTrain, batchNormTrain, conv2d, cosineLogits, countMultiplyAdds, countNonFinite, depthwiseConv2d, describeMatmulPrecision, gatherRows, gelu, getFloat32MatmulPrecision, globalAveragePool, groupedConv2d, hardSigmoid, hardSwish, l2Normalize, l2NormalizeGradient, layerNorm, linear, marginSoftmaxBackward, marginSoftmaxForward, matMul, maxPool2d, prelu, quickGelu, readTensors, relu, relu6, roundToBfloat16, roundToTensorFloat32, scaleChannels, scaleSamples, scatterAddRows, selfAttention, setFloat32MatmulPrecision, sgdUpdate, sgdUpdateRows, sigmoid, silu, sumSquares, toBfloat16, updateMovingAverage, withFloat32MatmulPrecision, withProductPolicy, writeTensors };

//! A list of kernel calls in memory, which runs in one crossing from JavaScript.
use super::Kernel;
use crate::heap::Args;

/// float64 values of a call: the number of its kernel, then its arguments.
const WORDS: usize = 24;

/// Runs the calls of a program: its address, a multiple of 8, and the number of calls.
pub unsafe fn run(args: &mut Args, kernels: &[(&'static str, Kernel)]) {
    let (words, count) = (args.bytes() as *const f64, args.size());
    for call in 0..count {
        let values = std::slice::from_raw_parts(words.add(call * WORDS), WORDS);
        (kernels[values[0] as usize].1)(&mut args.with(&values[1..]));
    }
}
